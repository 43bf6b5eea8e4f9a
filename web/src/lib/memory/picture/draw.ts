// Weeks on a canvas: areas for what is there, bars for what changed. Fetched only by the page that shows them.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { colours, compact, WHOLE } from '../../usage/plot';
import { LAYERS, type Shown, type Week } from './growth';

const WEEK = 7 * 86_400;
const short = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });

const faint = (colour: string): string => colour.replace(/^rgb\((.*)\)$/, 'rgba($1, 0.22)');

/** Draws into `place` and keeps to its width; `onweek` is told the week pointed at. Gives back how to take it away. */
export function draw(
	place: HTMLElement,
	weeks: readonly Week[],
	shown: Shown,
	onweek: (index: number | null) => void
): () => void {
	const colour = colours(place);
	const font = `12px ${getComputedStyle(place).fontFamily}`;
	const layers = LAYERS[shown];
	const bars = shown === 'changes';
	const axis = { font, stroke: colour('muted'), ticks: { show: false } };
	/** Names stand at beginnings of weeks, some weeks apart where there is no room for all. */
	const begins = weeks.map(({ date }) => Date.parse(date) / 1000);
	const splits = (_: uPlot, __: number, ___: number, ____: number, apart: number): number[] => {
		const every = Math.max(1, Math.round(apart / WEEK));
		return begins.filter((_, index) => (begins.length - 1 - index) % every === 0);
	};
	const size = () => ({ width: Math.max(place.clientWidth, 120), height: place.clientHeight || 200 });
	const data = [begins, ...layers.map(({ of }) => weeks.map(of))];

	const chart = new uPlot(
		{
			...size(),
			padding: [8, 20, 0, 0],
			legend: { show: false },
			cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
			scales: {
				x: { time: false, range: (_, first, last) => [first - WEEK / 2, last + WEEK / 2] },
				y: { range: (_, low, high) => [Math.min(0, low ?? 0) * 1.1, Math.max(high ?? 0, 1) * 1.1] }
			},
			axes: [
				{
					...axis,
					grid: { show: false },
					size: 28,
					incrs: [1, 2, 4, 8, 13, 26].map((many) => many * WEEK),
					space: 64,
					splits,
					values: (_, at) => at.map((split) => short.format(split * 1000))
				},
				{
					...axis,
					grid: { stroke: colour('line'), width: 1 },
					incrs: WHOLE,
					size: 56,
					values: (_, at) => at.map((split) => compact.format(Math.abs(split)))
				}
			],
			series: [
				{},
				...layers.map((layer) => ({
					fill: bars ? colour(layer.colour) : faint(colour(layer.colour)),
					stroke: colour(layer.colour),
					width: bars ? 0 : 2,
					...(bars ? { paths: uPlot.paths.bars?.({ size: [0.6, 28] }) } : {}),
					// One week alone is no line.
					points: { show: !bars && weeks.length === 1 }
				}))
			],
			hooks: { setCursor: [({ cursor }) => onweek(cursor.idx ?? null)] }
		},
		data as uPlot.AlignedData,
		place
	);
	const observer = new ResizeObserver(() => chart.setSize(size()));
	observer.observe(place);
	return () => {
		observer.disconnect();
		chart.destroy();
	};
}
