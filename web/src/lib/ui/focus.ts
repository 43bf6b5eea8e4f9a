// Where the keyboard goes after something changed in the page.
import { tick } from 'svelte';

/** To the first field that is wrong, once its error stands in the page. */
export async function focusError(form: HTMLElement | undefined): Promise<void> {
	await tick();
	form?.querySelector<HTMLElement>('[aria-invalid]')?.focus();
}

/** To what just appeared: its first field, or the whole, so that it is read. */
export async function focusInto(part: HTMLElement | undefined): Promise<void> {
	await tick();
	(part?.querySelector<HTMLElement>('input, textarea, select') ?? part)?.focus();
}

/** Called before something goes away with the focus in it; what it gives back puts the focus to the heading above. */
export function keepPlace(): () => Promise<void> {
	const section = document.activeElement?.closest('section');
	return async () => {
		await tick();
		const lost = !document.activeElement || document.activeElement === document.body;
		if (lost) section?.querySelector<HTMLElement>('h2')?.focus();
	};
}

/** To the page, when the button that was pressed went away with its row. */
export const toPage = (): void =>
	void requestAnimationFrame(() => document.getElementById('main')?.focus({ preventScroll: true }));
