// What a plot shows: the parts of a bar, from below, with their names and colours. Pure.
import type { UsageDay } from '../api/types';
import type { Column } from '../ui/NumbersTable.svelte';
import type { Legend } from '../ui/Plot.svelte';
import { count, plural, utcDay } from '../ui/time';
import { change } from './words';

export type Shown = 'tokens' | 'messages' | 'memory' | 'background';

export interface Part extends Legend {
	key: Exclude<keyof UsageDay, 'date'>;
}

export const SHOWN: readonly (readonly [Shown, string])[] = [
	['tokens', 'Tokens'],
	['messages', 'Messages'],
	['memory', 'Memory'],
	['background', 'Background']
];

export const PARTS: Record<Shown, readonly Part[]> = {
	tokens: [
		{ key: 'llm_tokens_input', name: 'Input', colour: 'navy' },
		{ key: 'llm_tokens_output', name: 'Output', colour: 'teal' },
		{ key: 'llm_tokens_context', name: 'Context, outside the limits', colour: 'field' }
	],
	messages: [{ key: 'messages', name: 'Messages', colour: 'navy' }],
	memory: [{ key: 'memory_bytes', name: 'Change of memory', colour: 'gold' }],
	background: [{ key: 'background_tokens', name: 'Background tokens, outside the limits', colour: 'field' }]
};

export const COLUMNS: readonly Column<UsageDay>[] = [
	{ name: 'Input', of: (day) => count(day.llm_tokens_input) },
	{ name: 'Output', of: (day) => count(day.llm_tokens_output) },
	{ name: 'Context', of: (day) => count(day.llm_tokens_context) },
	{ name: 'Messages', of: (day) => count(day.messages) },
	{ name: 'Memory', of: (day) => (day.memory_bytes ? change(day.memory_bytes) : '0') },
	{ name: 'Background', of: (day) => count(day.background_tokens) }
];

/** Each part on top of those below it; the last is the whole bar. */
export function stacked(days: readonly UsageDay[], parts: readonly Part[]): number[][] {
	let below = days.map(() => 0);
	return parts.map(({ key }) => (below = days.map((day, index) => (below[index] ?? 0) + day[key])));
}

/** The numbers of one day: "3 December: 1,240 input, 3,100 output, 9,000 context tokens". */
export function dayNumbers(day: UsageDay, shown: Shown): string {
	const when = utcDay(day.date);
	switch (shown) {
		case 'tokens':
			return `${when}: ${plural(day.tokens, 'token')}, of which ${count(day.llm_tokens_input)} input and ${count(day.llm_tokens_output)} output; ${count(day.llm_tokens_context)} of context`;
		case 'messages':
			return `${when}: ${plural(day.messages, 'message')}`;
		case 'memory':
			return `${when}: ${day.memory_bytes ? change(day.memory_bytes) : 'no change'}`;
		case 'background':
			return `${when}: ${plural(day.background_tokens, 'token')} in the background`;
	}
}

/** What the plot tells to those who do not see it, in two sentences. */
export function plotSummary(days: readonly UsageDay[], shown: Shown): string {
	const parts = PARTS[shown];
	const whole = (day: UsageDay) =>
		shown === 'tokens' ? day.tokens : parts.reduce((sum, { key }) => sum + day[key], 0);
	const sum = days.reduce((all, day) => all + whole(day), 0);
	const [first, last] = [days.at(0), days.at(-1)];
	if (!first || !last) return 'Nothing to show.';
	const name = SHOWN.find(([one]) => one === shown)?.[1] ?? shown;
	const most = days.reduce((best, day) => (whole(day) > whole(best) ? day : best), first);
	const value = (n: number) => (shown === 'memory' ? change(n) : count(n));
	const total = `${name} from ${utcDay(first.date)} to ${utcDay(last.date)}: ${value(sum)} in all.`;
	const top = whole(most) > 0 ? ` Most on ${utcDay(most.date)}: ${value(whole(most))}.` : '';
	return `${total}${top} The table below has the same numbers.`;
}
