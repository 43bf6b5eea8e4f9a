// What the form for a correction may hold.
import type { Resource } from '../../api/types';

export interface Draft {
	resource: Resource;
	amount: string;
	note: string;
}
export const EMPTY: Draft = { resource: 'llm_tokens_output', amount: '', note: '' };
export const NOTE_LENGTH = 200;

/** A whole number with its sign, as people type it: "-1,500", "−500", "+20". Null for anything else, and for none. */
export function amountOf(text: string): number | null {
	const plain = text.replace(/[\s,_]/g, '').replace(/^[−–]/, '-');
	const number = /^[+-]?\d+$/.test(plain) ? Number(plain) : NaN;
	return Number.isSafeInteger(number) && number !== 0 ? number : null;
}

export function check(draft: Draft): Record<string, string> {
	const wrong: Record<string, string> = {};
	if (amountOf(draft.amount) === null)
		wrong['amount'] = 'Enter a whole number other than 0, with a minus to give something back: -500.';
	const note = draft.note.trim();
	if (!note) wrong['note'] = 'Say why, in a few words.';
	// As the server counts: characters, not the halves of them.
	if ([...note].length > NOTE_LENGTH) wrong['note'] = `Use at most ${NOTE_LENGTH} characters.`;
	return wrong;
}

export const bodyOf = (draft: Draft) => ({
	resource: draft.resource,
	amount: amountOf(draft.amount) ?? 0,
	note: draft.note.trim()
});
