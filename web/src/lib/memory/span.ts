// Days of this clock as moments: the server counts days in UTC, and people where they are. Pure.

/** The moment at that hour of a day such as "2026-03-03"; null where there is no such day. */
function moment(day: string, hour = 0, later = 0): string | null {
	const at = new Date(`${day}T00:00:00`);
	at.setDate(at.getDate() + later);
	at.setHours(hour);
	return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
/** Local midnight. */
export const dayBegins = (day: string): string | null => moment(day);
/** Local midnight of the day after, which is not of that day any more. */
export const dayEnds = (day: string): string | null => moment(day, 0, 1);
/** A day of this clock stays the same day nearly everywhere. */
export const noonOf = (day: string): string | null => moment(day, 12);

/** What is wrong with a stretch of days; each of them may be open. */
export function spanProblem(from: string, to: string): string {
	if ((from && !dayBegins(from)) || (to && !dayEnds(to))) return 'There is no such day.';
	return from && to && from > to ? 'The first day is after the last one.' : '';
}
