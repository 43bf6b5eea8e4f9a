// Usage in words, for administrators. Pure.
import type { Quota, Meter, Resource, UsageDay, UsagePage } from '../../api/types';
import { plural } from '../../ui/time';
import type { Tone } from '../../ui/tone';

export const PERIODS = [
	['1', 'Today'],
	['7', 'Last 7 days'],
	['30', 'Last 30 days']
] as const;

/** How many days the address asks for; anything else is today. */
export const daysOf = (wanted: string | null): number =>
	PERIODS.some(([days]) => days === wanted) ? Number(wanted) : 1;

export const periodWords = (days: number): string => (days === 1 ? 'Today' : `In the last ${days} days`);

export const count = (number: number): string => number.toLocaleString('en');

/** "41.5 %": one decimal where there is one. */
export const percent = (number: number): string =>
	`${number.toLocaleString('en', { maximumFractionDigits: 1 })} %`;

/** A day of the ledger. Its days are UTC, whatever the clock here says. */
export const utcDay = (iso: string): string =>
	new Date(iso).toLocaleDateString('en-GB', { dateStyle: 'long', timeZone: 'UTC' });

const SOURCES: Record<Quota['source'], string> = {
	default: 'by default',
	trial: 'on trial',
	paid: 'paid for',
	given: 'given by an administrator'
};
/** Where a plan comes from, and when it ends by itself. */
export function sourceWords(source: Quota['source'], until?: string | null): string {
	const words = SOURCES[source] ?? source;
	return until ? `${words} until ${utcDay(until)}` : words;
}

/** "23 % of all": a share that is there is never said to be none. */
export function shareWords(tokens: number, total: number): string {
	if (!tokens || !total) return 'none of all';
	const share = (tokens / total) * 100;
	return share < 1 ? 'less than 1 % of all' : `${Math.round(share)} % of all`;
}

export const todayWords = (percentage: number | null | undefined): string =>
	typeof percentage !== 'number' ? 'no limit today' : `${percent(percentage)} of today’s tokens`;

/** From 80 percent on somebody may want to know; from 100 on nothing more is taken. */
export function levelOf(percentage: number | null | undefined): Tone {
	if (typeof percentage !== 'number' || percentage < 80) return 'good';
	return percentage < 100 ? 'wait' : 'bad';
}
export const LEVELS: Record<Tone, string> = {
	good: '',
	wait: 'Nearly used up',
	bad: 'Used up',
	over: ''
};

/** "1,234 of 20,000 tokens", and what an answer still being written may take. */
export function meterWords(
	{ used, reserved, limit }: Meter,
	whole: (number: number) => string,
	bare = count
): string {
	const far = typeof limit === 'number' ? `${bare(used)} of ${whole(limit)}` : `${whole(used)}, no limit`;
	return reserved ? `${far}; ${whole(reserved)} more set aside for what runs now` : far;
}

/** One sentence for everything below it. */
export function summaryWords({ days, totals, people_total }: UsagePage): string {
	if (!totals.messages && !totals.tokens) return `${periodWords(days)}, nobody wrote to Nova.`;
	const messages = plural(totals.messages, 'message');
	return `${periodWords(days)}, ${messages} took ${plural(totals.tokens, 'token')}. ${plural(people_total, 'person has', 'people have')} an account here.`;
}

export const RESOURCES: readonly (readonly [Resource, string])[] = [
	['llm_tokens_output', 'Tokens written by Nova'],
	['llm_tokens_input', 'Tokens of what they wrote'],
	['messages', 'Messages'],
	['memory_bytes', 'Memory, in bytes'],
	['llm_tokens_context', 'Tokens of context (outside the limits)'],
	['background_tokens', 'Tokens of background work (outside the limits)']
];

/** Days on which something was used, newest first. */
export const busyDays = (days: readonly UsageDay[]): UsageDay[] =>
	days.filter(({ tokens, messages }) => tokens || messages).reverse();
