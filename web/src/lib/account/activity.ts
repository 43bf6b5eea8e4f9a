// What happened with an account, in words. Pure.
import type { Activity } from '../api/types';

const EVENTS: Record<string, string> = {
	registered: 'The account was made',
	signed_in: 'Signed in',
	sign_in_refused: 'A sign-in was refused',
	sign_in_throttled: 'Too many sign-ins failed; further tries were made to wait',
	signed_out: 'Signed out',
	sessions_ended: 'Sign-ins were ended',
	session_reused: 'An old sign-in was used again; it was ended to be safe',
	password_changed: 'The password was changed',
	password_reset: 'A new password was chosen through a link',
	reset_requested: 'A link for a new password was asked for',
	verification_sent: 'The mail to verify the address was sent',
	email_verified: 'The address was verified',
	second_factor_on: 'The second factor was turned on',
	second_factor_off: 'The second factor was turned off',
	recovery_codes_made: 'New recovery codes were made',
	recovery_code_used: 'A recovery code was used',
	passkey_added: 'A passkey was added',
	passkey_removed: 'A passkey was removed',
	identity_linked: 'A sign-in of another place was linked',
	identity_removed: 'A linked sign-in was removed',
	token_made: 'An API token was made',
	token_removed: 'An API token was removed',
	mail_shown: 'A mail to you was opened by the administrator',
	account_disabled: 'The account was disabled',
	account_enabled: 'The account was enabled again',
	role_changed: 'The role was changed',
	plan_changed: 'The plan was changed',
	verified_by_administrator: 'The address was declared verified',
	account_deleted: 'The account was deleted'
};

/** What this page has no words for stands as the server names it. */
export const eventWords = (event: string): string => EVENTS[event] ?? event;

const BY: Record<Activity['by'], string> = {
	you: '',
	administrator: 'by the administrator',
	operator: 'by the person at the server itself',
	program: 'by a program with your token'
};

export const byWords = (by: Activity['by']): string => BY[by] ?? by;
