// Invitations in words, and what their form may hold.
import type { Invitation } from '../../api/types';
import { isAddress, WRONG_ADDRESS } from '../address';
import type { Standing } from '../../ui/tone';

const STATES: Record<Invitation['state'], Standing> = {
	open: { tone: 'good', words: 'Open' },
	used_up: { tone: 'over', words: 'Used up' },
	expired: { tone: 'over', words: 'Expired' },
	revoked: { tone: 'over', words: 'Revoked' }
};

export const standingOf = (invitation: Invitation): Standing =>
	STATES[invitation.state] ?? { tone: 'over', words: invitation.state };

export const titleOf = (invitation: Invitation): string =>
	invitation.note || invitation.email || 'Invitation without a note';

/** "2 of 5 used", "not used yet". */
export function usesWords({ uses, used }: Pick<Invitation, 'uses' | 'used'>): string {
	if (uses === 1) return used ? 'used' : 'not used yet';
	return `${used.toLocaleString('en')} of ${uses.toLocaleString('en')} used`;
}

export interface Draft {
	email: string;
	note: string;
	plan: string;
	uses: string;
	days: string;
}
export const EMPTY: Draft = { email: '', note: '', plan: '', uses: '1', days: '14' };

const whole = (text: string, most: number): number | null => {
	const number = /^\d+$/.test(text.trim()) ? Number(text) : NaN;
	return number >= 1 && number <= most ? number : null;
};

export function check(draft: Draft): Record<string, string> {
	const wrong: Record<string, string> = {};
	if (draft.email.trim() && !isAddress(draft.email)) wrong['email'] = WRONG_ADDRESS;
	if (whole(draft.uses, 1000) === null) wrong['uses'] = 'Enter a whole number from 1 to 1000.';
	if (whole(draft.days, 90) === null) wrong['days'] = 'Enter a whole number from 1 to 90.';
	return wrong;
}

/** What is sent: nothing that was left empty. */
export function bodyOf(draft: Draft) {
	const email = draft.email.trim();
	const note = draft.note.trim();
	return {
		...(email ? { email } : {}),
		...(note ? { note } : {}),
		...(draft.plan ? { plan: draft.plan } : {}),
		uses: Number(draft.uses),
		days: Number(draft.days)
	};
}

/** Whether the link went out by mail, as far as it is known. */
export function mailedWords(
	email: string | null | undefined,
	mail: { configured: boolean; held: boolean } | null
): string {
	if (!email) return 'It was not mailed, because no address was given. Send it to whomever you invite.';
	if (!mail) return `A mail to ${email} was made. Whether it went out is said under Mail.`;
	if (!mail.configured)
		return `It was not mailed: no mail server is configured. Send the link to ${email} yourself.`;
	if (mail.held)
		return `It was not mailed: this is a copy, and a copy holds its mail back. Send the link to ${email} yourself.`;
	return `It is also on its way to ${email} by mail.`;
}
