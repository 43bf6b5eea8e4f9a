// Bytes in words: cut off, not rounded up; the unit stays with its number.
const UNITS = ['kB', 'MB', 'GB', 'TB'];

/** Tenths of the largest unit of which there is one. */
function measure(bytes: number, step: 1000 | 1024): [tenths: number, unit: string] {
	let power = 1;
	while (bytes >= step ** (power + 1) && power < UNITS.length) power++;
	return [Math.floor((bytes * 10) / step ** power), UNITS[power - 1] ?? ''];
}

const few = (bytes: number): string => (bytes === 1 ? '1 byte' : `${bytes.toLocaleString('en')} bytes`);

/** On a disk, as the server's own commands write it: "98.0 MB", and 1 MB is a million bytes. */
export function size(bytes: number): string {
	if (bytes < 1000) return few(bytes);
	const [tenths, unit] = measure(bytes, 1000);
	return `${Math.floor(tenths / 10)}.${tenths % 10}\u00a0${unit}`;
}

/** Of memory, as plans measure it: "1 GB" is what the server calls 1 GiB, here and in all that is compared with it. */
export function memorySize(bytes: number): string {
	if (bytes < 1024) return few(bytes);
	const [tenths, unit] = measure(bytes, 1024);
	return `${(tenths / 10).toLocaleString('en')}\u00a0${unit}`;
}
