// Which plan somebody has, how their subscription stands and what invoices say, in sentences. Pure.
import type { Invoice, Plan, PlanStanding } from '../api/types';
import { onDay } from '../ui/time';
import type { Standing } from '../ui/tone';
import { money } from '../ui/money';
import { SOURCES } from '../usage/plan';
import { priceWords } from './plans';

export interface Says {
	/** Gold asks for something to be done. */
	tone: 'plain' | 'gold';
	text: string;
}

/** Which plan counts and why; null when the subscription says it. */
export function planSays(standing: PlanStanding, plans: readonly Plan[]): string | null {
	const { plan_title: title, source, until, trial, subscription } = standing;
	if (source === 'paid' && subscription) return null;
	if (source === 'trial') {
		const end = trial?.ends_at ?? until;
		const after = plans[0] && plans[0].name !== standing.plan ? `; after that ${plans[0].title}` : '';
		return end ? `You are trying ${title} until ${onDay(end)}${after}.` : `You are trying ${title}.`;
	}
	if (source === 'given')
		return `You have ${title}, ${SOURCES.given}${until ? ` until ${onDay(until)}` : ''}. It counts before a plan you pay for.`;
	return `You have ${title}${until ? ` until ${onDay(until)}` : ''}.`;
}

/** How the subscription stands; null when there is none. */
export function subscriptionSays(
	{ subscription }: PlanStanding,
	plans: readonly Plan[],
	now = Date.now()
): Says | null {
	if (!subscription) return null;
	const { period, current_period_end: turn, ends_at, grace_until: grace } = subscription;
	const plain = (text: string): Says => ({ tone: 'plain', text });
	const gold = (text: string): Says => ({ tone: 'gold', text });

	const title = subscription.plan_title ?? 'Your plan';
	const price = priceWords(
		plans.find(({ name }) => name === subscription.plan),
		period
	);
	const whole = price ? `${title}, ${price}` : period ? `${title}, paid ${period}` : title;
	const end = ends_at ?? turn;

	switch (subscription.status) {
		case 'active':
			if (subscription.cancel_at_period_end)
				return plain(
					end
						? `${whole}. Ends on ${onDay(end)}; until then everything stays as it is.`
						: `${whole}. It is cancelled and ends by itself; until then everything stays as it is.`
				);
			return plain(turn ? `${whole}. Renews on ${onDay(turn)}.` : `${whole}.`);
		case 'trialing': {
			const trying = turn ? `You are trying ${title} until ${onDay(turn)}.` : `You are trying ${title}.`;
			if (subscription.cancel_at_period_end) return plain(`${trying} It ends then, and nothing is charged.`);
			return plain(`${trying} ${price ? `After that it costs ${price}.` : 'After that it is paid for.'}`);
		}
		case 'past_due':
			if (!grace) return gold('The last payment failed. Please look at your payment method.');
			if (Date.parse(grace) <= now)
				return gold(
					`The last payment failed, and ${title} ended on ${onDay(grace)}. It comes back when the payment succeeds; please look at your payment method.`
				);
			return gold(
				`The last payment failed. ${title} stays until ${onDay(grace)}; please look at your payment method.`
			);
		case 'unpaid':
			return gold(
				`The payments for ${title} failed, so it has ended. Nothing of yours was deleted. It comes back when the open invoice is paid; please look at your payment method.`
			);
		case 'canceled':
			return plain(
				`${title} ended${ends_at ? ` on ${onDay(ends_at)}` : ''}. Nothing of yours was deleted, and nothing more is charged.`
			);
		case 'incomplete':
			return gold(
				`The payment is not finished yet. ${title} begins when it is; you can finish it under Manage subscription.`
			);
		case 'incomplete_expired':
			return plain(
				`The payment for ${title} was not finished in time. Nothing was charged; you can choose a plan again.`
			);
		case 'paused':
			return gold(
				`${title} is paused, and nothing is charged meanwhile. It goes on when there is a payment method.`
			);
		default:
			return plain(`${title}: the payment service calls this “${String(subscription.status)}”.`);
	}
}

/** Whether what was paid for is there. */
export function entitled({ subscription }: PlanStanding, now = Date.now()): boolean {
	if (!subscription) return false;
	const { status, grace_until: grace } = subscription;
	return (
		status === 'active' ||
		status === 'trialing' ||
		(status === 'past_due' && !!grace && Date.parse(grace) > now)
	);
}

/** What came of a payment. */
export function settledSays({ plan_title: title, source, subscription }: PlanStanding): string {
	if (source !== 'given') return `You have ${title} now.`;
	const paid = subscription?.plan_title ?? 'What you chose';
	return `${paid} is paid for. You also have ${title}, ${SOURCES.given}, and that counts first.`;
}

const INVOICES: Record<Invoice['status'], Standing> = {
	draft: { tone: 'wait', words: 'Being written' },
	open: { tone: 'wait', words: 'To be paid' },
	paid: { tone: 'good', words: 'Paid' },
	void: { tone: 'over', words: 'Cancelled' },
	uncollectible: { tone: 'bad', words: 'Not paid' }
};
export const invoiceStanding = ({ status }: Invoice): Standing =>
	INVOICES[status] ?? { tone: 'over', words: status };

/** What it asks for, and how much of that is paid when it is a part. */
export function invoiceAmount({ status, amount_due, amount_paid, currency }: Invoice): string {
	if (status === 'paid') return money(amount_paid, currency);
	const due = money(amount_due, currency);
	return amount_paid > 0 && amount_paid < amount_due
		? `${due}, of which ${money(amount_paid, currency)} is paid`
		: due;
}
