// What happens to accounts, in words; for the person and for administrators alike. Pure.
import type { Activity, AuditEntry, EventWord } from '../api/types';

/** Grouped as they are offered in the filter of administrators. */
const GROUPS = {
	'Signing in': {
		registered: 'The account was made',
		signed_in: 'Signed in',
		sign_in_refused: 'A sign-in was refused',
		sign_in_throttled: 'Too many sign-ins failed; further tries were made to wait',
		signed_out: 'Signed out',
		sessions_ended: 'Sign-ins were ended',
		session_reused: 'An old key of a sign-in came again; the sign-in was ended to be safe'
	},
	'Password and address': {
		password_changed: 'The password was changed',
		password_reset: 'A new password was chosen through a link',
		reset_requested: 'A link for a new password was asked for',
		verification_sent: 'A mail to verify the address was made',
		email_verified: 'The address was verified',
		verified_by_administrator: 'The address was declared verified'
	},
	'Other keys': {
		second_factor_on: 'The second factor was turned on',
		second_factor_off: 'The second factor was turned off',
		recovery_codes_made: 'New recovery codes were made',
		recovery_code_used: 'A recovery code was used',
		passkey_added: 'A passkey was added',
		passkey_removed: 'A passkey was removed',
		identity_linked: 'A sign-in of another provider was linked',
		identity_removed: 'A linked sign-in was removed',
		token_made: 'An API token was made',
		token_removed: 'An API token was removed'
	},
	'Running the server': {
		invitation_made: 'An invitation was made',
		invitation_link_shown: 'The link of an invitation was shown again',
		invitation_revoked: 'An invitation was revoked',
		invitation_used: 'An invitation was used',
		role_changed: 'The role was changed',
		plan_changed: 'The plan was changed',
		subscription_changed: 'The subscription changed',
		usage_corrected: 'The usage was corrected',
		account_disabled: 'The account was disabled',
		account_enabled: 'The account was enabled again',
		account_deleted: 'The account was deleted',
		mail_shown: 'An administrator opened a mail',
		feedback_exported: 'The feedback was saved as a file'
	},
	Programs: {
		service_made: 'A program was added',
		service_secret_made: 'A program got a new secret',
		service_removed: 'A program was removed',
		service_token_issued: 'A program got a token',
		service_token_refused: 'A program was refused a token',
		receiver_made: 'A receiver was added',
		receiver_secret_made: 'A receiver got a new secret',
		receiver_removed: 'A receiver was removed',
		keys_rotated: 'The keys that sign tokens were renewed'
	}
} as const satisfies Record<string, Partial<Record<EventWord, string>>>;

const WORDS: Record<string, string> = Object.assign({}, ...Object.values(GROUPS));

/** What this page has no words for stands as the server names it. */
export const eventWords = (event: string): string => WORDS[event] ?? event;

export const isEvent = (event: string): event is EventWord => event in WORDS;

export const EVENT_GROUPS = Object.entries(GROUPS).map(([label, events]) => ({
	label,
	options: Object.entries(events)
}));

/** Details are plain words already, but for codes, such as what a mail was for. */
export const detailWords = (detail: string): string =>
	/^[a-z]+(_[a-z]+)+$/.test(detail) ? detail.replaceAll('_', ' ') : detail;

const BY: Record<Activity['by'], string> = {
	you: '',
	administrator: 'by the administrator',
	operator: 'by the person at the server itself',
	program: 'by nobody who was signed in'
};

/** Who did it, for whoever it was done to. */
export const byWords = (by: Activity['by']): string => BY[by] ?? by;

/** Who did it, for administrators, when it was not the person whose account it is. */
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
