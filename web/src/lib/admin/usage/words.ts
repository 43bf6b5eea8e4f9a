// Usage in words, for administrators. Pure.
import type { PlanSource, Resource, UsageDay, UsagePage } from '../../api/types';
import { percents, plural, utcDay } from '../../ui/time';
import type { Tone } from '../../ui/tone';
import { SOURCES } from '../../usage/plan';
import { OUTSIDE, resourceWords, type Limited } from '../../usage/words';

export const PERIODS = [
	['1', 'Today'],
	['7', 'Last 7 days'],
	['30', 'Last 30 days']
] as const;

/** How many days the address asks for; anything else is today. */
export const daysOf = (wanted: string | null): number =>
	PERIODS.some(([days]) => days === wanted) ? Number(wanted) : 1;

export const periodWords = (days: number): string => (days === 1 ? 'Today' : `In the last ${days} days`);

/** Where a plan comes from, and when it ends by itself. */
export function sourceWords(source: PlanSource, until?: string | null): string {
	const words = SOURCES[source] ?? source;
	return until ? `${words} until ${utcDay(until)}` : words;
}

/** "23 % of all": a share that is there is never said to be none. */
export function shareWords(tokens: number, total: number): string {
	if (!tokens || !total) return 'none of all';
	const share = (tokens / total) * 100;
	return share < 1 ? 'less than 1 % of all' : `${Math.round(share)} % of all`;
}

export const todayWords = (percentage: number | null): string =>
	percentage === null ? 'no limit today' : `${percents(percentage)} of today’s tokens`;

/** From 80 percent on somebody may want to know; from 100 on nothing more is taken. */
export function toneOf(percentage: number | null): Tone {
	if (percentage === null || percentage < 80) return 'good';
	return percentage < 100 ? 'wait' : 'bad';
}

/** How near the limit it is, where that matters. */
export function nearWords(percentage: number | null, of: Limited = 'tokens'): string {
	const tone = toneOf(percentage);
	if (tone === 'good') return '';
	const end = of === 'memory' ? 'full' : 'used up';
	return tone === 'wait' ? `Nearly ${end}` : `${end[0]?.toUpperCase()}${end.slice(1)}`;
}

/** One sentence for everything below it. */
export function summaryWords({ days, totals, people_total }: UsagePage): string {
	if (!totals.messages && !totals.tokens) return `${periodWords(days)}, nobody wrote to Nova.`;
	const messages = plural(totals.messages, 'message');
	return `${periodWords(days)}, ${messages} took ${plural(totals.tokens, 'token')}. ${plural(people_total, 'person has', 'people have')} an account here.`;
}

const CORRECTABLE: readonly Resource[] = [
	'llm_tokens_output',
	'llm_tokens_input',
	'messages',
	'memory_bytes',
	'llm_tokens_context',
	'background_tokens'
];
/** What may be corrected, as the person reads it in their ledger. */
export const RESOURCES = CORRECTABLE.map((resource): readonly [Resource, string] => {
	const unit = resource === 'memory_bytes' ? ', in bytes' : '';
	return [resource, resourceWords(resource) + (OUTSIDE.includes(resource) ? ' (outside the limits)' : unit)];
});

/** Days on which something was used, newest first. */
export const busyDays = (days: readonly UsageDay[]): UsageDay[] =>
	days.filter(({ tokens, messages }) => tokens || messages).reverse();
