// A lazy chunk: LaTeX to MathML nodes. Built node by node, so that the page's policy on inline styles holds.
import temml from 'temml';

export function setFormula(source: HTMLElement): void {
	const display = source.classList.contains('display');
	const tex = source.textContent ?? '';
	const frame = document.createElement('span');
	frame.className = display ? 'formula display' : 'formula';
	if (display) frame.tabIndex = 0;
	try {
		temml.render(tex, frame, {
			displayMode: display,
			throwOnError: true,
			trust: false,
			maxExpand: 500,
			maxSize: [20, 20]
		});
	} catch {
		return;
	}
	source.replaceWith(frame);
}
