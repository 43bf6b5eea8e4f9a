// Where the keyboard goes when what it was on is no more, or is wrong.

/** To the first field that has an error, once it is drawn. */
export const toFirstError = (form: HTMLElement | undefined): void =>
	void requestAnimationFrame(() => form?.querySelector<HTMLElement>('[aria-invalid]')?.focus());

/** To the page, when the button that was pressed went away with its row. */
export const toPage = (): void =>
	void requestAnimationFrame(() => document.getElementById('main')?.focus({ preventScroll: true }));
