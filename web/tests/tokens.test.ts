// Every text colour on every ground it stands on: at least 4.5:1, in both themes. Field borders: at least 3:1.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../src/lib/ui/tokens.css', import.meta.url), 'utf8');
const colours = new Map(
	[...css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);/g)].map(([, name, light, dark]) => [
		name as string,
		{ light: light as string, dark: dark as string }
	])
);

const luminance = (hex: string): number => {
	const [r, g, b] = [1, 3, 5].map((at) => {
		const part = parseInt(hex.slice(at, at + 2), 16) / 255;
		return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
	}) as [number, number, number];
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

const contrast = (a: string, b: string): number => {
	const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
	return (high + 0.05) / (low + 0.05);
};

const ratio = (text: string, ground: string, theme: 'light' | 'dark'): number => {
	const [a, b] = [colours.get(text), colours.get(ground)];
	if (!a || !b) throw new Error(`no such token: ${text} or ${ground}`);
	return contrast(a[theme], b[theme]);
};

const texts = ['ink', 'muted', 'navy', 'gold', 'teal', 'danger'];
const grounds = ['paper', 'surface', 'quiet', 'code', 'gold-soft', 'danger-soft', 'teal-soft'];
const pairs = [
	...texts.flatMap((text) => grounds.map((ground) => [text, ground] as const)),
	['on-navy', 'navy'] as const,
	['on-danger', 'danger'] as const
];

describe.each(['light', 'dark'] as const)('in the %s theme', (theme) => {
	it.each(pairs)('%s on %s can be read', (text, ground) => {
		expect(ratio(text, ground, theme)).toBeGreaterThanOrEqual(4.5);
	});
	it.each(['paper', 'surface'])('a field is seen on %s', (ground) => {
		expect(ratio('field', ground, theme)).toBeGreaterThanOrEqual(3);
	});
});

it('the formula is the known one', () => {
	expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
	expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
});
