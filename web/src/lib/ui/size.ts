// Bytes in words, as the server's own commands write them: 1 MB is a million bytes.
const UNITS = ['kB', 'MB', 'GB', 'TB'];

/** "12 bytes", "1.4 kB", "98.0 MB": cut off, not rounded up; the unit stays with its number. */
export function size(bytes: number): string {
	if (bytes < 1000) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
	let tenths = Math.floor(bytes / 100);
	let unit = 0;
	while (tenths >= 10_000 && unit < UNITS.length - 1) {
		tenths = Math.floor(tenths / 1000);
		unit++;
	}
	return `${Math.floor(tenths / 10)}.${tenths % 10}\u00a0${UNITS[unit]}`;
}
