// The plan somebody is on, where it comes from and how long it lasts, in words. Pure.
import type { PlanSource, Quota } from '../api/types';
import { count, dayHere, plural } from '../ui/time';

/** Where a plan comes from, after its name. */
export const SOURCES: Record<PlanSource, string> = {
	default: 'by default',
	trial: 'on trial',
	paid: 'paid for',
	given: 'given by an administrator'
};

/** "Trial of Basic until 3 December", "Pro, given by an administrator", "Pro". */
export function planWords(
	{ plan_title: title, source, until }: Pick<Quota, 'plan_title' | 'source' | 'until'>,
	now = new Date()
): string {
	const end = until ? ` until ${dayHere(until, now)}` : '';
	if (source === 'trial') return `Trial of ${title}${end}`;
	if (source === 'given') return `${title}, ${SOURCES.given}${end}`;
	return title + end;
}

/** How fast one may go; nothing where there is no such limit. */
export function paceWords({ requests_per_minute, burst, answers_at_once }: Quota): string {
	const parts: string[] = [];
	if (requests_per_minute !== null) {
		const row = burst ? `; after a pause up to ${count(burst)} in a row` : '';
		parts.push(`Up to ${plural(requests_per_minute, 'message')} and other calls a minute${row}.`);
	}
	if (answers_at_once !== null)
		parts.push(answers_at_once === 1 ? 'One answer at a time.' : `${answers_at_once} answers at a time.`);
	return parts.join(' ');
}
