// Plans and paying for the stand-in, with a payment page and a page to manage a subscription that lead back.
// Steered by the environment, MOCK_BILLING="subscription=past_due&late=8", or while it runs by GET /_mock/billing?...
//   billing=off             nothing is sold; all but the plans answer 404; POST /_mock/config {"billing": false} is the same
//   subscription=...        none active cancelling yearly trialing trial_ending past_due overdue unpaid canceled incomplete
//                           incomplete_expired paused something_new
//   plan=basic|pro          what is subscribed to         source=default|trial|given   the plan without a subscription
//   sells=all|monthly|none  plans=2|3|4
//   checkout=, portal=, refresh=, standing=, invoices_fail=   ok, or a code the server refuses with; fail is a 500
//   late=SECONDS|never      until a payment is heard of   invoices=COUNT     slow=MS
// Whoever has no verified address (new@example.org) is refused the payment page.
import { randomUUID } from 'node:crypto';
import { PLANS } from './mock-plans.mjs';

const DAY = 86_400_000;
const ahead = (days) => new Date(Date.now() + days * DAY).toISOString();
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const titleOf = (name) => PLANS.find((plan) => plan.name === name)?.title ?? null;

const CODES = {
	plan_not_for_sale: [409, 'This plan is not for sale.'],
	already_subscribed: [409, 'There is a subscription already.'],
	no_customer: [409, 'Nothing was ever paid for.'],
	plan_unknown: [422, 'There is no such plan.'],
	email_unverified: [403, 'Verify your address first.'],
	billing_unavailable: [503, 'The payment service did not answer.'],
	rate_limited: [429, 'That was asked too often.'],
	fail: [500, 'Something failed in the server. Nothing was changed.']
};

/** Status and what differs from a subscription that simply runs. */
const SUBSCRIPTIONS = {
	active: {},
	cancelling: { status: 'active', cancel_at_period_end: true, ends_at: ahead(11) },
	yearly: { status: 'active', period: 'yearly', current_period_end: ahead(200) },
	trialing: {},
	trial_ending: { status: 'trialing', cancel_at_period_end: true, ends_at: ahead(11) },
	past_due: { grace_until: ahead(5) },
	overdue: { status: 'past_due', grace_until: ahead(-2) },
	canceled: { ends_at: ahead(-3), current_period_end: ahead(-3) },
	unpaid: {},
	incomplete: { current_period_end: null },
	incomplete_expired: { current_period_end: null },
	paused: {}
};
const ENTITLED = ['active', 'cancelling', 'yearly', 'trialing', 'trial_ending', 'past_due'];

const INVOICE_STATES = ['open', 'paid', 'paid', 'void', 'uncollectible', 'draft'];
const INVOICE_AMOUNTS = [
	[2900, 'usd'],
	[2900, 'eur'],
	[4400, 'jpy'],
	[9000, 'kwd'],
	[119_900, 'huf']
];

export function addBilling(routes, { world, send, Refusal, page }) {
	world.billing ??= true;
	const state = {
		subscription: 'none',
		plan: 'pro',
		source: 'default',
		sells: 'all',
		plans: 3,
		late: 4,
		invoices: 14,
		slow: 0
	};
	const set = (query) => {
		for (const [name, value] of new URLSearchParams(query))
			if (name === 'billing') world.billing = value !== 'off';
			else state[name] = value;
	};
	set(process.env.MOCK_BILLING ?? '');

	const sold = () => world.billing;
	const refuse = (code) => {
		if (!code || code === 'ok') return;
		const [status, error] = CODES[code] ?? [500, 'Something failed in the server.'];
		throw new Refusal(status, code === 'fail' ? 'internal' : code, error);
	};
	/** Before everything but the plans. */
	const till = async (what) => {
		await later(Number(state.slow));
		if (!sold()) throw new Refusal(404, 'not_found', 'There is nothing here.');
		refuse(state[what]);
	};

	function subscription() {
		if (state.subscription === 'none') return null;
		return {
			status: state.subscription,
			plan: state.plan,
			plan_title: titleOf(state.plan),
			period: 'monthly',
			current_period_end: ahead(11),
			cancel_at_period_end: false,
			ends_at: null,
			grace_until: null,
			updated_at: ahead(-1),
			...SUBSCRIPTIONS[state.subscription]
		};
	}

	function standing() {
		const source =
			state.source === 'given' ? 'given' : ENTITLED.includes(state.subscription) ? 'paid' : state.source;
		const plan = { given: 'pro', paid: state.plan, trial: 'basic', default: 'free' }[source];
		return {
			plan,
			plan_title: titleOf(plan),
			source,
			until: source === 'trial' || source === 'given' ? ahead(6) : null,
			trial: source === 'trial' ? { plan: 'basic', ends_at: ahead(6) } : null,
			subscription: subscription(),
			can_manage: state.subscription !== 'none'
		};
	}

	const plans = () =>
		PLANS.slice(0, Number(state.plans)).map(({ monthly, yearly, ...plan }) => ({
			...plan,
			price_monthly: sold() ? monthly : null,
			price_yearly: sold() ? yearly : null,
			sells:
				!sold() || !monthly || state.sells === 'none'
					? []
					: state.sells === 'monthly'
						? ['monthly']
						: ['monthly', 'yearly'],
			current: plan.name === (sold() ? standing().plan : 'pro')
		}));

	const invoices = (origin) =>
		Array.from({ length: Number(state.invoices) }, (_, index) => {
			const [amount_due, currency] = INVOICE_AMOUNTS[index % INVOICE_AMOUNTS.length];
			const status = INVOICE_STATES[index % INVOICE_STATES.length];
			const number = status === 'draft' ? null : `NOVA-${String(2000 - index)}`;
			const address = `/_mock/invoice?number=${number}`;
			return {
				id: `in_${index}`,
				number,
				created_at: ahead(-30 * index - 1),
				amount_due,
				amount_paid: status === 'paid' ? amount_due : 0,
				currency,
				status,
				plan: 'pro',
				hosted_url: number && origin + address,
				pdf_url: status === 'paid' ? `${origin}${address}&pdf` : null
			};
		});

	/** The payment service's side: a plain page with ways on. */
	const html = (response, title, links) => {
		response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
		response.end(
			`<!doctype html><meta name="viewport" content="width=device-width"><title>${title}</title><h1>${title}</h1>${links
				.map(([words, address]) => `<p><a href="${address}">${words}</a></p>`)
				.join('')}`
		);
	};
	const to = (response, address) => {
		response.writeHead(303, { Location: address });
		response.end();
	};

	routes.push(
		[
			'GET',
			'/_mock/billing',
			({ url, response }) => {
				set(url.search);
				send(response, 200, { billing: world.billing, ...state });
			}
		],
		[
			'GET',
			'/api/billing/plans',
			async ({ response }) => {
				await later(Number(state.slow));
				send(response, 200, {
					billing: sold(),
					trial: sold() ? { plan: 'basic', days: 7 } : null,
					items: plans()
				});
			}
		],
		[
			'GET',
			'/api/billing/subscription',
			async ({ response }) => {
				await till('standing');
				send(response, 200, standing());
			}
		],
		[
			'POST',
			'/api/billing/refresh',
			async ({ response }) => {
				await till('refresh');
				send(response, 200, standing());
			}
		],
		[
			'POST',
			'/api/billing/checkout',
			async ({ user, body, request, response }) => {
				await later(600);
				await till('checkout');
				if (!user.email_verified) refuse('email_unverified');
				const plan = plans().find(({ name }) => name === body.plan);
				if (!plan) refuse('plan_unknown');
				if (!plan.sells.includes(body.period)) refuse('plan_not_for_sale');
				if (ENTITLED.includes(state.subscription)) refuse('already_subscribed');
				const query = new URLSearchParams({ plan: body.plan, period: body.period });
				send(response, 200, { url: `http://${request.headers.host}/_mock/pay?${query}` });
			}
		],
		[
			'POST',
			'/api/billing/portal',
			async ({ request, response }) => {
				await later(600);
				await till('portal');
				if (state.subscription === 'none') refuse('no_customer');
				send(response, 200, { url: `http://${request.headers.host}/_mock/portal` });
			}
		],
		[
			'GET',
			'/api/billing/invoices',
			async ({ url, request, response }) => {
				await till('invoices_fail');
				send(response, 200, page(invoices(`http://${request.headers.host}`), url));
			}
		],
		[
			'GET',
			'/_mock/pay',
			({ url, response }) =>
				html(response, `Pay for ${url.searchParams.get('plan')}`, [
					['Pay', `/_mock/paid${url.search}`],
					['Go back', '/billing/cancel']
				])
		],
		[
			'GET',
			'/_mock/paid',
			({ url, response }) => {
				const heard = () => {
					state.plan = url.searchParams.get('plan');
					state.subscription = url.searchParams.get('period') === 'yearly' ? 'yearly' : 'active';
				};
				if (state.late !== 'never') setTimeout(heard, Number(state.late) * 1000);
				to(response, `/billing/success?session_id=cs_test_${randomUUID()}`);
			}
		],
		[
			'GET',
			'/_mock/portal',
			({ response }) =>
				html(response, 'Your subscription', [
					['End it with the period', '/_mock/portal/cancelling'],
					['Go on with it', '/_mock/portal/active'],
					['End it now', '/_mock/portal/canceled'],
					['Back to NovaCore', '/plans']
				])
		],
		[
			'GET',
			'/_mock/portal/:id',
			({ id, response }) => {
				state.subscription = id;
				to(response, '/plans');
			}
		],
		['GET', '/_mock/invoice', ({ response }) => html(response, 'An invoice', [['Back', '/plans']])]
	);
}
