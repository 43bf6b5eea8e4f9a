// Bars of days. Fetched only by the page that shows them.
import type { UsageDay } from '../api/types';
import { bars, chart, colours, compact, WHOLE } from '../ui/chart';
import { stacked, type Part } from './parts';
import { change } from './words';

const DAY = 86_400;
/** As memory is measured: whole numbers of each of its units. */
const BYTES = [0, 1, 2, 3].flatMap((power) => WHOLE.slice(0, 9).map((n) => n * 1024 ** power));

export function draw(
	place: HTMLElement,
	days: readonly UsageDay[],
	parts: readonly Part[],
	onpoint: (index: number | null) => void
): () => void {
	const colour = colours(place);
	const bytes = parts.some(({ key }) => key === 'memory_bytes');
	// The whole bar first, so that each smaller one stands before it.
	const layers = stacked(days, parts).reverse();
	// A line between the parts, where bars are wide enough for one.
	const line = place.clientWidth / days.length > 12 ? 1 : 0;

	return chart(place, {
		data: [days.map(({ date }) => Date.parse(date) / 1000), ...layers],
		step: DAY,
		layers: layers.map((_, index) => ({
			fill: colour(parts.at(-1 - index)?.colour ?? 'navy'),
			stroke: colour('surface'),
			width: line,
			points: { show: false },
			...bars(0.72, 36)
		})),
		x: { incrs: [1, 2, 7, 14, 28].map((count) => count * DAY) },
		y: {
			incrs: bytes ? BYTES : WHOLE,
			size: 64,
			says: (value) => (bytes ? change(value) : compact.format(value))
		},
		least: (low) => (bytes && low < 0 ? 0 : 1),
		onpoint
	});
}
