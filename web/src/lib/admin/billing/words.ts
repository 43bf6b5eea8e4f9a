// Subscriptions and the payment service's events, in words. Pure.
import type { BillingEvent, Subscription } from '../../api/types';
import { utcDay } from '../../ui/time';
import type { Standing, Tone } from '../../ui/tone';

const STATUSES: Record<string, Standing> = {
	active: { tone: 'good', words: 'Active' },
	trialing: { tone: 'good', words: 'On trial' },
	past_due: { tone: 'wait', words: 'Payment is late' },
	unpaid: { tone: 'bad', words: 'Not paid' },
	incomplete: { tone: 'wait', words: 'First payment not finished' },
	incomplete_expired: { tone: 'over', words: 'First payment never finished' },
	paused: { tone: 'over', words: 'Paused' },
	canceled: { tone: 'over', words: 'Ended' }
};
/** A status this page does not know is shown as the payment service names it. */
export const statusOf = (status: string): Standing => STATUSES[status] ?? { tone: 'over', words: status };

const ORDER: Tone[] = ['good', 'wait', 'bad', 'over'];
/** Every status that somebody's subscription has, the living first. */
export const statusesOf = (counts: Record<string, number>) =>
	Object.entries(counts)
		.filter(([, count]) => count > 0)
		.map(([status, count]) => ({ id: status, count, ...statusOf(status) }))
		.sort((a, b) => ORDER.indexOf(a.tone) - ORDER.indexOf(b.tone));

const EVENTS: Record<BillingEvent['state'], Standing> = {
	waiting: { tone: 'wait', words: 'Waiting' },
	done: { tone: 'good', words: 'Done' },
	failed: { tone: 'bad', words: 'Failed' },
	ignored: { tone: 'over', words: 'Not needed' }
};
export const standingOf = ({ state, tries }: Pick<BillingEvent, 'state' | 'tries'>): Standing =>
	state === 'waiting' && tries
		? { tone: 'wait', words: 'Failed so far, is tried again' }
		: (EVENTS[state] ?? { tone: 'over', words: state });

/** One that failed, or one that waits after a failure and need not wait any longer. */
export const canRetry = ({ state, tries }: Pick<BillingEvent, 'state' | 'tries'>): boolean =>
	state === 'failed' || (state === 'waiting' && tries > 0);

/** What the payment service said of somebody, in a sentence. */
export function subscriptionWords(subscription: Subscription | null): string {
	if (!subscription) return 'They have no subscription.';
	const { status, plan_title, plan, period, ends_at, grace_until, current_period_end } = subscription;
	const what = [plan_title ?? plan, period].filter(Boolean).join(', ');
	const until = ends_at
		? `ends on ${utcDay(ends_at)}`
		: status === 'past_due' && grace_until
			? `the plan holds until ${utcDay(grace_until)}`
			: status === 'active' && current_period_end
				? `renews on ${utcDay(current_period_end)}`
				: '';
	return `Their subscription${what ? ` (${what})` : ''}: ${[statusOf(status).words.toLowerCase(), until].filter(Boolean).join(', ')}.`;
}
