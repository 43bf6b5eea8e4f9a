// Work the server does by itself, in words.
import type { Job } from '../../api/types';
import type { Standing } from '../../ui/tone';

const KINDS: Record<string, string> = {
	'auth.mail': 'Send a mail',
	'account.erase': 'Erase an account',
	'ops.scrub': 'Clear the disk of what was erased',
	'billing.sync': 'Ask the payment service for somebody’s subscription',
	'billing.end': 'End the subscription of a deleted account',
	'chat.remove': 'Remove what is left of a deleted conversation',
	'memory.promote': 'Choose what of somebody’s memories stays for good',
	'memory.distil': 'Look through a conversation: a summary, and facts',
	'memory.reflect': 'Learn how to talk with somebody'
};
/** A kind this page does not know is shown as the server names it. */
export const kindWords = (kind: string): string => KINDS[kind] ?? kind;

export function standingOf(job: Job): Standing {
	switch (job.state) {
		case 'waiting':
			return job.attempts
				? { tone: 'wait', words: 'Failed so far, is tried again' }
				: { tone: 'wait', words: 'Waiting' };
		case 'held':
			return { tone: 'over', words: 'Held' };
		case 'done':
			return { tone: 'good', words: 'Done' };
		case 'failed':
			return { tone: 'bad', words: 'Given up' };
		default:
			return { tone: 'over', words: job.state };
	}
}

/** One that was given up, or one that waits after a failure and need not wait any longer. */
export const canRetry = (job: Job): boolean =>
	job.state === 'failed' || (job.state === 'waiting' && job.attempts > 0);
