// The plans of the stand-in, smallest first: the same for what is sold, what is used and what administrators see.
const GIB = 1024 ** 3;

const plan = (name, title, tokens_per_day, messages_per_day, memory, rate, monthly, yearly) => ({
	name,
	title,
	tokens_per_day,
	messages_per_day,
	memory_bytes: memory && memory * GIB,
	requests_per_minute: rate,
	burst: rate && rate * 2,
	monthly,
	yearly
});

export const PLANS = [
	plan('free', 'Free', 20_000, 100, 1, 10, null, null),
	plan('basic', 'Basic', 200_000, 5_000, 10, 50, '$9', '$90'),
	plan('pro', 'Pro', 1_000_000, null, 100, 100, '$29', '$290'),
	plan('house', 'The whole household', null, null, null, null, null, null)
];
export const planOf = (name) => PLANS.find((plan) => plan.name === name) ?? PLANS[0];

export function meter(used, limit, reserved = 0) {
	if (limit === null) return { used, reserved, limit, remaining: null, percentage: null };
	return {
		used,
		reserved,
		limit,
		remaining: Math.max(0, limit - used - reserved),
		percentage: Math.round(((used + reserved) / limit) * 1000) / 10
	};
}
