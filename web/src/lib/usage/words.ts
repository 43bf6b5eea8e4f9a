// What was used and what is left, in words. Pure; `now` is passed in where it matters.
import type { LedgerEntry, Meter, Quota, Resource } from '../api/types';
import { memorySize } from '../ui/size';
import { count, inWords, plural } from '../ui/time';

/** What starts again each day, and what does not. */
export type Daily = 'tokens' | 'messages';
export type Limited = Daily | 'memory';

export type Sizes = Pick<Meter, 'used' | 'limit'>;

/** How much of it is used, in whole percents cut off: 100 only when it is all used. */
export function percent({ used, limit }: Sizes): number | null {
	if (limit === null) return null;
	return limit > 0 ? Math.floor((used * 100) / limit) : 100;
}

/** "12,400 tokens", "1 message", "1.4 MB" */
export const amount = (of: Limited, number: number): string =>
	of === 'memory' ? memorySize(number) : plural(number, of.slice(0, -1));

/** The number alone, where its unit stands beside it. */
const bare = (of: Limited, number: number): string => (of === 'memory' ? memorySize(number) : count(number));

/** "12,400 of 20,000 tokens"; where there is no limit, what was used. */
export const usedWords = (of: Limited, { used, limit }: Sizes): string =>
	limit === null ? amount(of, used) : `${bare(of, used)} of ${amount(of, limit)}`;

/** "7,600 left", "all used" */
export function leftWords(of: Limited, { remaining }: Meter): string {
	if (remaining === null) return 'no limit';
	if (remaining <= 0) return of === 'memory' ? 'full' : 'all used';
	return `${bare(of, remaining)} left`;
}

/** "midnight UTC", and what that is on this clock where it is another time. */
export function clock(iso: string): string {
	const at = new Date(iso);
	const here = at.toLocaleTimeString(undefined, { timeStyle: 'short' });
	if (at.getUTCHours() || at.getUTCMinutes()) return here;
	return at.getTimezoneOffset() ? `midnight UTC (${here} here)` : 'midnight UTC';
}

/** "They start again at midnight UTC, in 5 hours." */
export const againWords = (iso: string, now = Date.now()): string =>
	`They start again at ${clock(iso)}, ${inWords(iso, now)}.`;

/** The end of the UTC day of a time. */
export const nextMidnight = (iso: string): string => {
	const at = new Date(iso);
	return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate() + 1)).toISOString();
};

/** Whether a time lies in the UTC day that ends then. */
export const sameDay = (iso: string, end: string | undefined): boolean =>
	!!end && Date.parse(nextMidnight(iso)) === Date.parse(end);

/** What nothing is left of today; nothing where that is not known. */
export function usedUpWords(quota: Quota | null): string | null {
	if (!quota?.metered) return null;
	const gone = (['tokens', 'messages'] as const).filter((name) => quota[name].remaining === 0);
	return gone.length ? `Today’s ${gone.join(' and ')} are used up.` : null;
}

/** A change with its sign: "+1.4 kB", "−300 bytes", "0 bytes". */
export const change = (bytes: number): string =>
	bytes < 0 ? `−${memorySize(-bytes)}` : `${bytes ? '+' : ''}${memorySize(bytes)}`;

/** What is shown beside what counts towards the limits, and never takes of them. */
export const OUTSIDE: readonly Resource[] = ['llm_tokens_context', 'background_tokens'];

const RESOURCES: Record<Resource, string> = {
	llm_tokens_input: 'Tokens, input',
	llm_tokens_output: 'Tokens, output',
	llm_tokens_context: 'Tokens, context',
	messages: 'Messages',
	memory_bytes: 'Memory',
	background_tokens: 'Tokens, background'
};

/** A resource this page does not know stays as it is. */
export const resourceWords = (resource: string): string =>
	(RESOURCES as Record<string, string>)[resource] ?? resource;

const KINDS: Record<LedgerEntry['kind'], string> = {
	use: 'used',
	correction: 'corrected by an administrator',
	opening: 'carried over from before'
};
export const kindWords = (kind: string): string => (KINDS as Record<string, string>)[kind] ?? kind;

/** "412", "+1.4 kB": memory grows and shrinks, and so does whatever is corrected. */
export function entryAmount({ resource, amount, kind }: LedgerEntry): string {
	if (resource === 'memory_bytes') return change(amount);
	const number = count(Math.abs(amount));
	return amount < 0 ? `−${number}` : kind === 'correction' ? `+${number}` : number;
}
