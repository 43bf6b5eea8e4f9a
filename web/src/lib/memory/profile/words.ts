// What Nova knows, since when and until when, in words. Pure; `now` is passed in where it matters.
import type { Memory } from '../../api/types';
import { dayHere } from '../../ui/time';
import { textProblem } from '../words';

/** "March 2026" */
const month = (iso: string): string =>
	new Date(iso).toLocaleDateString('en', { month: 'long', year: 'numeric' });

/** "Known since 3 March" */
export const sinceWords = (fact: Pick<Memory, 'created_at'>, now = new Date()): string =>
	`Known since ${dayHere(fact.created_at, now)}`;

/** "from May 2025 until March 2026", "until March 2026" where both are the same month */
export function untilWords({ created_at, ended_at }: Pick<Memory, 'created_at' | 'ended_at'>): string {
	if (!ended_at) return `from ${month(created_at)}`;
	const [from, until] = [month(created_at), month(ended_at)];
	return from === until ? `until ${until}` : `from ${from} until ${until}`;
}

export type Source = 'yours' | 'corrected' | 'read';

/** Whether the person wrote it, corrected it, or Nova read it out of what was said. */
export function sourceOf({ evidence, edited_at }: Pick<Memory, 'evidence' | 'edited_at'>): Source {
	if (edited_at) return 'corrected';
	return evidence.length ? 'read' : 'yours';
}

/** What is wrong with a sentence, before it is sent. */
export const wrongSentence = (text: string): Record<string, string> =>
	text.trim() ? textProblem(text.trim(), 'fact') : { text: 'Write a sentence first.' };
