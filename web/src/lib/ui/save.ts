/** Gives the browser what was fetched to save as a file, as if it had been a link. */
export function saveAs(name: string, what: Blob): void {
	const link = document.createElement('a');
	link.href = URL.createObjectURL(what);
	link.download = name;
	document.body.append(link);
	link.click();
	link.remove();
	// The browser reads it a moment later.
	setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export const saveText = (name: string, text: string): void =>
	saveAs(name, new Blob([text], { type: 'text/plain;charset=utf-8' }));
