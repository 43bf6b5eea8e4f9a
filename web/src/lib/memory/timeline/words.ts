// Days and what was remembered on them, in words. Pure; `now` is passed in where it matters.
import type { MemoryTimeline } from '../../api/types';
import { plural, utcDay } from '../../ui/time';

export type TimelineDay = MemoryTimeline['days'][number];
export type TimelineSession = TimelineDay['sessions'][number];

const DAY = 86_400_000;

/** "Today", "Yesterday", "Tuesday, 3 March": days as the server counts them. */
export function dayTitle(date: string, now = new Date()): string {
	const back = Math.round((Date.parse(now.toISOString().slice(0, 10)) - Date.parse(date)) / DAY);
	if (back === 0) return 'Today';
	if (back === 1) return 'Yesterday';
	const weekday = new Date(date).toLocaleDateString(undefined, { weekday: 'long', timeZone: 'UTC' });
	return `${weekday}, ${utcDay(date, now)}`;
}

/** "12 turns, 3 kept for good, 1 fact written down" */
export function dayWords({
	turns,
	promoted,
	facts
}: Pick<TimelineDay, 'turns' | 'promoted' | 'facts'>): string {
	return [
		turns ? plural(turns, 'turn') : '',
		promoted ? `${promoted.toLocaleString('en')} kept for good` : '',
		facts ? `${plural(facts, 'fact')} written down` : ''
	]
		.filter(Boolean)
		.join(', ');
}

/** A day on which something was only written about others has nothing of its own to show. */
export const hasShown = (day: TimelineDay): boolean => day.sessions.length > 0 || dayWords(day) !== '';

export const sessionTitle = ({ title, kind }: Pick<TimelineSession, 'title' | 'kind'>): string =>
	title || (kind === 'stored' ? 'Stored by hand or by a program' : 'A conversation without a title');

/** Whether something was said in it that day, not only written about it later. */
export const wasTalked = ({ kind, highlights }: TimelineSession): boolean =>
	kind === 'conversation' && highlights.some((memory) => memory.kind === 'turn');
