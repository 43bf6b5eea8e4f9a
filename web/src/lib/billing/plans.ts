// Plans in words: what each holds, what it costs, and which can be chosen. Pure.
import type { Period, Plan, PlanStanding } from '../api/types';
import { memorySize } from '../ui/size';
import { count } from '../ui/time';

const most = (limit: number | null, words = count): string => (limit === null ? 'no limit' : words(limit));

/** What a plan holds, one after the other. */
export const holds = (plan: Plan): readonly (readonly [what: string, howMuch: string])[] => [
	['Tokens a day', most(plan.tokens_per_day)],
	['Messages a day', most(plan.messages_per_day)],
	['Memory', most(plan.memory_bytes, memorySize)],
	['Calls a minute', most(plan.requests_per_minute)]
];

const PER: Record<Period, string> = { monthly: 'a month', yearly: 'a year' };

/** "$9 a month"; null where no price is told. */
export function priceWords(plan: Plan | undefined, period: Period | null): string | null {
	if (!period) return null;
	const price = period === 'yearly' ? plan?.price_yearly : plan?.price_monthly;
	return price ? `${price} ${PER[period]}` : null;
}

/** The period it would be bought for: the one asked for, or the only one there is. */
export const periodOf = (plan: Plan, asked: Period): Period | null =>
	plan.sells.includes(asked) ? asked : (plan.sells[0] ?? null);

export const sellsYearly = (plans: readonly Plan[]): boolean =>
	plans.some(({ sells }) => sells.includes('yearly'));

/** What stands for the price in a plan's card, with a word beside it where one is needed. */
export function offerWords(plan: Plan, asked: Period, smallest: boolean): { price: string; aside?: string } {
	const period = periodOf(plan, asked);
	if (!period) {
		const price = priceWords(plan, 'monthly') ?? priceWords(plan, 'yearly');
		if (price) return { price, aside: 'Not for sale at the moment' };
		return { price: smallest ? 'Costs nothing' : 'Not for sale' };
	}
	const price = priceWords(plan, period) ?? `Paid ${period}`;
	if (!priceWords(plan, period)) return { price, aside: 'The payment page shows the price' };
	return period === asked ? { price } : { price, aside: `Sold ${period} only` };
}

/** A subscription that runs or waits: another plan is chosen where it is managed. */
const HELD: readonly string[] = ['active', 'trialing', 'past_due', 'unpaid', 'paused'];
export const subscribed = ({ subscription }: PlanStanding): boolean =>
	!!subscription && HELD.includes(subscription.status);

/** Whether it may be bought now: what is only tried may, what is held already may not. */
export const choosable = (plan: Plan, standing: PlanStanding): boolean =>
	plan.sells.length > 0 && !subscribed(standing) && (!plan.current || standing.source === 'trial');
