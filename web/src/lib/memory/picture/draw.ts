// Weeks: areas for what is there, bars for what changed. Fetched only by the page that shows them.
import type uPlot from 'uplot';
import { bars, chart, colours, compact, WHOLE } from '../../ui/chart';
import type { Layer, Week } from './growth';

const WEEK = 7 * 86_400;

const faint = (colour: string): string => colour.replace(/^rgb\((.*)\)$/, 'rgba($1, 0.22)');

export function draw(
	place: HTMLElement,
	weeks: readonly Week[],
	layers: readonly Layer[],
	onpoint: (index: number | null) => void
): () => void {
	const colour = colours(place);
	const begins = weeks.map(({ date }) => Date.parse(date) / 1000);
	/** Names stand at beginnings of weeks, some weeks apart where there is no room for all. */
	const splits = (_: uPlot, __: number, ___: number, ____: number, apart: number): number[] => {
		const every = Math.max(1, Math.round(apart / WEEK));
		return begins.filter((_, index) => (begins.length - 1 - index) % every === 0);
	};

	return chart(place, {
		data: [begins, ...layers.map(({ of }) => weeks.map(of))],
		step: WEEK,
		layers: layers.map(({ colour: token, drawn }) =>
			drawn === 'bars'
				? { fill: colour(token), stroke: colour(token), width: 0, points: { show: false }, ...bars(0.6, 28) }
				: {
						fill: faint(colour(token)),
						stroke: colour(token),
						width: 2,
						// One week alone is no line.
						points: { show: weeks.length === 1 }
					}
		),
		x: { incrs: [1, 2, 4, 8, 13, 26].map((many) => many * WEEK), splits },
		y: { incrs: WHOLE, size: 56, says: (value) => compact.format(Math.abs(value)) },
		onpoint
	});
}
