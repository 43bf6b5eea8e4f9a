// Plans in words: what each holds, what it costs, and which can be chosen. Pure.
import type { Period, Plan, PlanStanding } from '../api/types';
import { size } from '../ui/size';

const NO_LIMIT = 'no limit';
const count = (limit: number | null): string => limit?.toLocaleString('en') ?? NO_LIMIT;

/** "1 GB", "10 GB"; what is no whole number of them stands as everywhere else. */
export function memoryWords(bytes: number | null): string {
	if (bytes === null) return NO_LIMIT;
	for (const unit of [1024 ** 3, 1e9])
		if (bytes >= unit && bytes % unit === 0) return `${(bytes / unit).toLocaleString('en')}\u00a0GB`;
	return size(bytes);
}

/** What a plan holds, one after the other. */
export const holds = (plan: Plan): readonly (readonly [what: string, howMuch: string])[] => [
	['Tokens a day', count(plan.tokens_per_day)],
	['Messages a day', count(plan.messages_per_day)],
	['Memory', memoryWords(plan.memory_bytes)],
	['Calls a minute', count(plan.requests_per_minute)]
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
