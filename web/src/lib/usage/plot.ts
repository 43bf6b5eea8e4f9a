// Bars of days on a canvas. Fetched only by the page that shows them.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { UsageDay } from '../api/types';
import { change } from './words';
import { stacked, type Part } from './parts';

const DAY = 86_400;
export const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const short = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });
export const WHOLE = Array.from({ length: 13 }, (_, power) => [1, 2, 5].map((n) => n * 10 ** power)).flat();
/** As memory is measured: whole numbers of each of its units. */
const BYTES = [0, 1, 2, 3].flatMap((power) => WHOLE.slice(0, 9).map((n) => n * 1024 ** power));

/** A token as a colour a canvas understands, in the theme of now. */
export function colours(place: HTMLElement): (token: string) => string {
	const probe = document.createElement('span');
	probe.hidden = true;
	place.append(probe);
	const found = new Map<string, string>();
	const read = (token: string) => {
		probe.style.color = `var(--${token})`;
		return getComputedStyle(probe).color;
	};
	for (const token of ['navy', 'teal', 'gold', 'field', 'line', 'muted', 'surface'])
		found.set(token, read(token));
	probe.remove();
	return (token) => found.get(token) ?? 'currentcolor';
}

/** Draws into `place` and keeps to its width; `onday` is told the day pointed at. Gives back how to take it away. */
export function draw(
	place: HTMLElement,
	days: readonly UsageDay[],
	parts: readonly Part[],
	onday: (index: number | null) => void
): () => void {
	const colour = colours(place);
	const font = `12px ${getComputedStyle(place).fontFamily}`;
	const at = days.map(({ date }) => Date.parse(date) / 1000);
	const bytes = parts.some(({ key }) => key === 'memory_bytes');
	const axis = { font, stroke: colour('muted'), ticks: { show: false } };
	// The whole bar first, so that each smaller one stands before it.
	const layers = stacked(days, parts).reverse();
	const size = () => ({ width: Math.max(place.clientWidth, 120), height: place.clientHeight || 220 });

	// A line between the parts, where bars are wide enough for one.
	const line = place.clientWidth / days.length > 12 ? 1 : 0;

	const chart = new uPlot(
		{
			...size(),
			// At the right, room for half the name of the last day.
			padding: [8, 20, 0, 0],
			legend: { show: false },
			cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
			scales: {
				x: { time: false, range: (_, first, last) => [first - DAY / 2, last + DAY / 2] },
				y: {
					range: (_, low, high) => [
						Math.min(0, low ?? 0) * 1.1,
						Math.max(high ?? 0, bytes && low < 0 ? 0 : 1) * 1.1
					]
				}
			},
			axes: [
				{
					...axis,
					grid: { show: false },
					size: 28,
					incrs: [1, 2, 7, 14, 28].map((count) => count * DAY),
					space: 64,
					values: (_, splits) => splits.map((split) => short.format(split * 1000))
				},
				{
					...axis,
					grid: { stroke: colour('line'), width: 1 },
					incrs: bytes ? BYTES : WHOLE,
					size: 64,
					values: (_, splits) => splits.map((split) => (bytes ? change(split) : compact.format(split)))
				}
			],
			series: [
				{},
				...layers.map((_, index) => ({
					fill: colour(parts.at(-1 - index)?.colour ?? 'navy'),
					stroke: colour('surface'),
					width: line,
					paths: uPlot.paths.bars?.({ size: [0.72, 36] }),
					points: { show: false }
				}))
			],
			hooks: { setCursor: [({ cursor }) => onday(cursor.idx ?? null)] }
		},
		[at, ...layers] as uPlot.AlignedData,
		place
	);
	const observer = new ResizeObserver(() => chart.setSize(size()));
	observer.observe(place);
	return () => {
		observer.disconnect();
		chart.destroy();
	};
}
