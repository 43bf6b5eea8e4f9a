// Times and numbers in words. Pure; `now` is passed in where it matters.

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
	['year', 31_536_000],
	['month', 2_592_000],
	['week', 604_800],
	['day', 86_400],
	['hour', 3_600],
	['minute', 60]
];

/** "3 minutes ago", "yesterday", "in 2 hours". */
export function inWords(iso: string, now = Date.now()): string {
	const seconds = (Date.parse(iso) - now) / 1000;
	for (const [unit, length] of UNITS)
		if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
	return seconds > 5 ? 'in a moment' : 'just now';
}

export const exactly = (iso: string): string =>
	new Date(iso).toLocaleString(undefined, { dateStyle: 'full', timeStyle: 'short' });

export const onDay = (iso: string): string =>
	new Date(iso).toLocaleDateString(undefined, { dateStyle: 'long' });

/** "3 December"; the year where it is another one. */
function shortDay(iso: string, now: Date, timeZone?: 'UTC'): string {
	const at = new Date(iso);
	const same = timeZone
		? at.getUTCFullYear() === now.getUTCFullYear()
		: at.getFullYear() === now.getFullYear();
	const year = same ? undefined : 'numeric';
	return at.toLocaleDateString(undefined, { day: 'numeric', month: 'long', year, timeZone });
}

/** A day of this clock. */
export const dayHere = (iso: string, now = new Date()): string => shortDay(iso, now);

/** A day as the server counts them, whatever the clock here says: UTC. */
export const utcDay = (iso: string, now = new Date()): string => shortDay(iso, now, 'UTC');

/** How long to wait: "45 seconds", "2 minutes", "3 hours". Never shorter than it is. */
export function waiting(seconds: number): string {
	if (seconds < 90) return plural(Math.max(1, Math.ceil(seconds)), 'second');
	if (seconds < 5400) return plural(Math.ceil(seconds / 60), 'minute');
	return plural(Math.ceil(seconds / 3600), 'hour');
}

export const seconds = (ms: number): string =>
	ms < 950
		? `${Math.round(ms)} ms`
		: ms < 9_950
			? `${(ms / 1000).toFixed(1)} s`
			: `${Math.round(ms / 1000)} s`;

/** "12,400" */
export const count = (number: number): string => number.toLocaleString('en');

export const plural = (number: number, one: string, many = `${one}s`): string =>
	`${count(number)} ${number === 1 ? one : many}`;

/** "41.5 %": one decimal where there is one. */
export const percents = (number: number): string =>
	`${number.toLocaleString('en', { maximumFractionDigits: 1 })}\u00a0%`;

export interface DayGroup<T> {
	label: string;
	items: T[];
}

/** Groups by day, nearest first: Today, Yesterday, This week, then months. `items` are newest first. */
export function byDay<T extends { updated_at: string }>(
	items: readonly T[],
	now = new Date()
): DayGroup<T>[] {
	const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
	const groups: DayGroup<T>[] = [];
	for (const item of items) {
		const label = dayLabel(new Date(item.updated_at), midnight, now);
		if (groups.at(-1)?.label !== label) groups.push({ label, items: [] });
		groups.at(-1)?.items.push(item);
	}
	return groups;
}

function dayLabel(date: Date, midnight: number, now: Date): string {
	const day = 86_400_000;
	const time = date.getTime();
	if (time >= midnight) return 'Today';
	if (time >= midnight - day) return 'Yesterday';
	if (time >= midnight - 6 * day) return 'This week';
	const year = date.getFullYear() === now.getFullYear() ? undefined : 'numeric';
	return date.toLocaleDateString('en', { month: 'long', year });
}

/** 1st, 2nd, 3rd, 4th. */
export function ordinal(n: number): string {
	const suffix = { one: 'st', two: 'nd', few: 'rd' } as Record<string, string>;
	return n + (suffix[new Intl.PluralRules('en', { type: 'ordinal' }).select(n)] ?? 'th');
}
