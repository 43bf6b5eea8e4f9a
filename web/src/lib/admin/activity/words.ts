// What happened, in words.
import type { AuditEntry } from '../../api/types';

/** Grouped as they are offered in the filter. */
const GROUPS: readonly (readonly [group: string, events: Record<string, string>])[] = [
	[
		'Signing in',
		{
			registered: 'Made an account',
			signed_in: 'Signed in',
			sign_in_refused: 'A sign-in was refused',
			sign_in_throttled: 'Sign-ins were slowed down after too many tries',
			signed_out: 'Signed out',
			sessions_ended: 'Sign-ins were ended',
			session_reused: 'A sign-in was ended because its key was used twice'
		}
	],
	[
		'Password and address',
		{
			password_changed: 'Changed the password',
			password_reset: 'Chose a new password by a link',
			reset_requested: 'A password reset was asked for',
			verification_sent: 'A mail to confirm the address was made',
			email_verified: 'Confirmed the address',
			verified_by_administrator: 'The address was marked as verified'
		}
	],
	[
		'Other keys',
		{
			second_factor_on: 'Turned the second factor on',
			second_factor_off: 'Turned the second factor off',
			recovery_codes_made: 'Made new recovery codes',
			recovery_code_used: 'Used a recovery code',
			passkey_added: 'Added a passkey',
			passkey_removed: 'Removed a passkey',
			identity_linked: 'Tied another provider to the account',
			identity_removed: 'Removed another provider',
			token_made: 'Made an API token',
			token_removed: 'Removed an API token'
		}
	],
	[
		'Running the server',
		{
			role_changed: 'The role was changed',
			plan_changed: 'The plan was changed',
			account_disabled: 'The account was disabled',
			account_enabled: 'The account was enabled',
			account_deleted: 'The account was deleted',
			mail_shown: 'An administrator looked at a mail'
		}
	]
];

const WORDS: Record<string, string> = Object.assign({}, ...GROUPS.map(([, events]) => events));

/** An event this page does not know is shown as the server names it. */
export const eventWords = (event: string): string => WORDS[event] ?? event;

export interface EventGroup {
	label: string;
	options: [event: string, words: string][];
}

/** What the filter offers; one that came with an address and is not known here is offered too. */
export function eventGroups(chosen: string): EventGroup[] {
	const known = GROUPS.map(([label, events]) => ({ label, options: Object.entries(events) }));
	if (!chosen || WORDS[chosen]) return known;
	return [...known, { label: 'Others', options: [[chosen, chosen]] }];
}

/** Who did it, when it was not the person whose account it is. */
export function actorWords({ actor, user_id }: AuditEntry): string | null {
	switch (actor.kind) {
		case 'user':
			return actor.id && actor.id !== user_id ? `by ${actor.name ?? 'somebody else'}` : null;
		case 'administrator':
			return actor.name ? `by the administrator ${actor.name}` : 'by an administrator';
		case 'operator':
			return 'by whoever runs the machine, with a command';
		case 'service':
			return actor.name ? `by the program ${actor.name}` : 'by a program';
		case 'nobody':
			return 'by nobody who was signed in';
		default:
			return actor.name ?? null;
	}
}

/** Where the filter of this page stands in its address. */
export function addressOf(user: string, event: string): string {
	const query = new URLSearchParams({ ...(user ? { user } : {}), ...(event ? { event } : {}) });
	return query.size ? `/admin/activity?${query}` : '/admin/activity';
}
