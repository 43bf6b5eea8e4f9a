/** Copies text; the clipboard API is missing on plain http away from loopback, where a selection still copies. */
export async function copyText(text: string): Promise<boolean> {
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch {
		const area = document.createElement('textarea');
		area.value = text;
		area.readOnly = true;
		area.className = 'visually-hidden';
		const focused = document.activeElement;
		document.body.append(area);
		area.select();
		const copied = document.execCommand('copy');
		area.remove();
		if (focused instanceof HTMLElement) focused.focus();
		return copied;
	}
}
