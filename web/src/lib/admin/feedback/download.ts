/** Saves what was fetched as a file, as if it had been a link. */
export function saveAs(blob: Blob, name: string): void {
	const link = document.createElement('a');
	link.href = URL.createObjectURL(blob);
	link.download = name;
	document.body.append(link);
	link.click();
	link.remove();
	// The browser reads it a moment later.
	setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
