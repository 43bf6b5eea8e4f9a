// Numbers over days or weeks on a canvas, as every plot here is drawn. Fetched only by a page that shows one.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const short = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });
export const WHOLE = Array.from({ length: 13 }, (_, power) => [1, 2, 5].map((n) => n * 10 ** power)).flat();

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

export interface Drawing {
	/** When each of them begins, in seconds; then the numbers of each layer. */
	data: readonly number[][];
	/** How long one of them is, in seconds. */
	step: number;
	layers: uPlot.Series[];
	/** At what distances a name may stand. */
	x: Pick<uPlot.Axis, 'incrs' | 'splits'>;
	y: Pick<uPlot.Axis, 'incrs' | 'size'> & { says: (value: number) => string };
	/** Where the upper end is at the least, with the lowest number given. */
	least?: (low: number) => number;
	/** Told which one is pointed at. */
	onpoint: (index: number | null) => void;
}

/** Draws into `place` and keeps to its width. Gives back how to take it away. */
export function chart(place: HTMLElement, drawing: Drawing): () => void {
	const { data, step, layers, x, y, least = () => 1, onpoint } = drawing;
	const colour = colours(place);
	const axis = {
		font: `12px ${getComputedStyle(place).fontFamily}`,
		stroke: colour('muted'),
		ticks: { show: false }
	};
	const size = () => ({ width: Math.max(place.clientWidth, 120), height: place.clientHeight || 220 });
	const { says, ...across } = y;

	const drawn = new uPlot(
		{
			...size(),
			// At the right, room for half the name of the last one.
			padding: [8, 20, 0, 0],
			legend: { show: false },
			cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
			scales: {
				x: { time: false, range: (_, first, last) => [first - step / 2, last + step / 2] },
				y: { range: (_, low, high) => [Math.min(0, low ?? 0) * 1.1, Math.max(high ?? 0, least(low)) * 1.1] }
			},
			axes: [
				{
					...axis,
					...x,
					grid: { show: false },
					size: 28,
					space: 64,
					values: (_, splits) => splits.map((split) => short.format(split * 1000))
				},
				{
					...axis,
					...across,
					grid: { stroke: colour('line'), width: 1 },
					values: (_, splits) => splits.map(says)
				}
			],
			series: [{}, ...layers],
			hooks: { setCursor: [({ cursor }) => onpoint(cursor.idx ?? null)] }
		},
		data as uPlot.AlignedData,
		place
	);
	const observer = new ResizeObserver(() => drawn.setSize(size()));
	observer.observe(place);
	return () => {
		observer.disconnect();
		drawn.destroy();
	};
}

/** So wide of its place, and so many pixels at the most. */
export const bars = (share: number, most: number): Pick<uPlot.Series, 'paths'> => ({
	paths: uPlot.paths.bars?.({ size: [share, most] })
});
