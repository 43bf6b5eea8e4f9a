// One polite live region for the whole page (it stands in the root layout): finished answers, not tokens.
export const ANNOUNCER = 'announcer';

export function announce(text: string): void {
	const region = document.getElementById(ANNOUNCER);
	if (!region) return;
	// The same words twice in a row are read twice only if the region was empty in between.
	region.textContent = '';
	setTimeout(() => (region.textContent = text), 80);
}
