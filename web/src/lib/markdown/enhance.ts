// What is loaded only when an answer has it: colours for code, formulas as MathML.

/** Colours the code and sets the formulas of a finished block. A missing chunk leaves both as plain text. */
export async function enhance(root: HTMLElement): Promise<void> {
	const code = [...root.querySelectorAll<HTMLElement>('pre[data-language]')];
	const formulas = [...root.querySelectorAll<HTMLElement>('code.math')];
	try {
		if (code.some((pre) => pre.dataset['language'])) {
			const { highlight } = await import('./highlight');
			for (const pre of code) highlight(pre);
		}
		if (formulas.length) {
			const { setFormula } = await import('./formula');
			for (const formula of formulas) setFormula(formula);
		}
	} catch {
		// Offline or the server was upgraded meanwhile: the text is readable as it stands.
	}
}
