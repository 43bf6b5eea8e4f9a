// The server's mail in words.
import type { Mail, MailPage } from '../../api/types';
import type { Standing } from '../../ui/tone';

const PURPOSES: Record<string, string> = {
	verify_email: 'Verify an address',
	reset_password: 'Choose a new password',
	invitation: 'Invitation',
	address_taken: 'Address is registered already',
	password_changed: 'Password was changed',
	access_added: 'A new way into the account',
	second_factor_changed: 'Second factor was changed',
	passkey_added: 'Passkey was added',
	passkey_removed: 'Passkey was removed',
	account_deleted: 'Account was deleted',
	mail_shown: 'An administrator looked at a mail',
	feedback_answered: 'Feedback was answered',
	new_sign_in: 'New sign-in',
	quota_warning: 'Today’s limit is nearly used up',
	trial_ending: 'Trial ends soon',
	subscription_started: 'Subscription began',
	payment_failed: 'Payment failed',
	subscription_ended: 'Subscription ended',
	test: 'Test'
};
export const purposeWords = (purpose: string): string => PURPOSES[purpose] ?? purpose;

/** Whether mail leaves this server at all. */
export type Post = Pick<MailPage, 'configured' | 'held' | 'from'>;

export function standingOf(mail: Mail, post: Post): Standing {
	switch (mail.state) {
		case 'waiting':
			return { tone: 'wait', words: mail.attempts ? 'Failed so far, is tried again' : 'Waiting to be sent' };
		case 'kept':
			return {
				tone: 'wait',
				words: !post.configured
					? 'Kept, no mail server'
					: post.held
						? 'Kept, because this is a copy'
						: 'Kept, not sent yet'
			};
		case 'sent':
			return { tone: 'good', words: 'Sent' };
		case 'failed':
			return { tone: 'bad', words: 'Given up' };
		case 'expired':
			return { tone: 'over', words: 'Expired unsent' };
		default:
			return { tone: 'over', words: mail.state };
	}
}

/** A mail that left, or whose link is over, is not kept to be looked at. */
export const canShow = ({ state }: Mail): boolean =>
	state === 'kept' || state === 'waiting' || state === 'failed';

/** Trying again makes sense where something was tried, and there is a way out. */
export const canRetry = (mail: Mail, post: Post): boolean =>
	post.configured &&
	!post.held &&
	(mail.state === 'failed' || mail.state === 'kept' || (mail.state === 'waiting' && mail.attempts > 0));

/** What is said before a mail is shown. */
export const warningOf = (mail: Mail): string =>
	`It may hold a link that opens ${mail.to ? `the account of ${mail.to}` : 'an account'}, as a key would. That you looked is recorded under Activity${mail.user_id ? ', and the person is told by mail' : ''}.`;
