// The administrator's routes of the stand-in for usage and payments. Knobs while it runs, POST /_mock/config:
//   {"billing": false}          no payments, as in mock-billing.mjs
//   {"billingState": "well"}    no problems, live keys; "bad" (at the start) has problems and a test key; "new" is empty
//   {"billingDown": true}       the payment service does not answer
//   {"nobodyUsed": true}        nobody used anything
// People differ: somebody near a limit, somebody over it, administrators without one, trials, plans that are given.
import { randomUUID } from 'node:crypto';
import { meter, planOf, PLANS } from './mock-plans.mjs';

const DAY = 86_400_000;
const ago = (days) => new Date(Date.now() - days * DAY).toISOString();
const dayOf = (back) => ago(back).slice(0, 10);
const midnight = () => `${dayOf(-1)}T00:00:00Z`;

/** What a person used on one day, the same each time it is asked: 0 is today. */
function usedOn(person, back) {
	const seed = Number.parseInt(person.id.slice(-4), 16) + back * 7919;
	const idle = person.quiet || seed % 5 === 0;
	const share = idle ? 0 : ((seed % 97) + 3) / 100;
	const most = planOf(person.plan).tokens_per_day ?? 300_000;
	const tokens = Math.round(share * most * (person.appetite ?? 1));
	const amounts = {
		llm_tokens_input: Math.round(tokens * 0.3),
		llm_tokens_output: tokens - Math.round(tokens * 0.3),
		llm_tokens_context: tokens * 4,
		messages: Math.round(tokens / 450),
		memory_bytes: idle ? 0 : (seed % 3 ? 1 : -1) * Math.round(tokens / 3),
		background_tokens: Math.round(tokens / 5)
	};
	if (back === 0)
		for (const { resource, amount } of person.corrections ?? [])
			amounts[resource] = Math.max(0, amounts[resource] + amount);
	return { ...amounts, tokens: amounts.llm_tokens_input + amounts.llm_tokens_output };
}

const plus = (a, b) => Object.fromEntries(Object.keys(a).map((key) => [key, a[key] + b[key]]));
const sum = (person, days) => Array.from({ length: days }, (_, back) => usedOn(person, back)).reduce(plus);

/** Every person has a plan from somewhere. */
function settle(person, index) {
	if (person.plan_source) return;
	person.plan_source = 'default';
	person.plan_until = person.plan_given = null;
	person.appetite = [0.7, 1.1, 0.3, 0.02][index % 4];
	if (index % 9 === 0) Object.assign(person, { plan: 'basic', plan_source: 'paid', customer: true });
	if (index % 9 === 2) Object.assign(person, { plan: 'pro', plan_source: 'trial', plan_until: ago(-5) });
	if (index % 9 === 4)
		Object.assign(person, {
			plan: 'pro',
			plan_source: 'given',
			plan_given: 'pro',
			plan_until: `${dayOf(-40)}T23:59:59Z`
		});
	if (index % 9 === 6)
		Object.assign(person, { plan: 'pro', plan_source: 'paid', plan_given: 'basic', customer: true });
	if (index % 9 === 8) person.quiet = true;
}

function quotaOf(person, billing) {
	const plan = planOf(person.plan);
	const metered = person.role !== 'admin';
	const used = usedOn(person, 0);
	const limit = (of) => (metered ? of : null);
	return {
		plan: plan.name,
		plan_title: plan.title,
		source: person.plan_source,
		until: person.plan_until,
		metered,
		tokens: meter(used.tokens, limit(plan.tokens_per_day), person.appetite > 1 ? 1200 : 0),
		messages: meter(used.messages, limit(plan.messages_per_day)),
		storage: meter(Math.round(person.appetite * 900_000_000), limit(plan.memory_bytes)),
		context_tokens: used.llm_tokens_context,
		background_tokens: used.background_tokens,
		requests_per_minute: limit(plan.requests_per_minute),
		burst: limit(plan.burst),
		answers_at_once: 2,
		resets_at: midnight(),
		upgrade: metered && billing && plan.name !== 'pro'
	};
}

function makeEvents(people) {
	const one = (index, type, state, more) => ({
		id: `evt_1S${String(index).padStart(4, '0')}${randomUUID().replaceAll('-', '').slice(0, 16)}`,
		type,
		created_at: ago(index * 0.4 + 0.02),
		received_at: ago(index * 0.4 + 0.019),
		state,
		user_id: people[index % people.length].id,
		email: people[index % people.length].email,
		tries: 1,
		error: null,
		...more
	});
	const error =
		'The price price_1Qx7abc is in no plan of this server. Add it to the plans in the configuration, then try again.';
	return [
		one(0, 'customer.subscription.updated', 'waiting', { tries: 0 }),
		one(1, 'invoice.paid', 'waiting', { tries: 3, error: 'The payment service did not answer in 10 s.' }),
		one(4, 'customer.subscription.created', 'failed', { tries: 8, error }),
		one(7, 'invoice.payment_failed', 'failed', { tries: 8, error, user_id: null, email: null }),
		...Array.from({ length: 45 }, (_, n) =>
			one(
				n + 8,
				['invoice.paid', 'customer.subscription.updated', 'charge.succeeded'][n % 3],
				n % 3 === 2 ? 'ignored' : 'done',
				{}
			)
		)
	];
}

/** Adds the routes. Before those of mock-admin.mjs, some of whose answers gain something here. */
export function addAdminUsage(routes, { world, send, Refusal, page, administrator }) {
	world.billingState ??= 'bad';
	let events;
	const everybody = () => {
		const people = world.everybody();
		people.forEach(settle);
		return people;
	};
	const find = (id) => {
		const person = everybody().find((one) => one.id === id);
		if (!person) throw new Refusal(404, 'not_found', 'There is no such account.');
		return person;
	};
	const paid = () => {
		if (!world.billing) throw new Refusal(404, 'not_found', 'There is nothing here.');
	};
	const eventList = () => (events ??= makeEvents(everybody()));
	const count = (of) =>
		world.billingState === 'new' ? 0 : eventList().filter(({ state }) => state === of).length;
	/** The next route of the same name, after what is done here. */
	const first = (method, path, act) => {
		const handle = (call) => {
			act(call);
			return routes
				.filter(([m, p]) => m === method && p === path)
				.at(-1)[2](call);
		};
		routes.push([method, path, handle]);
	};

	first('GET', '/api/admin/users', everybody);
	first('GET', '/api/admin/users/:id', everybody);
	first('PATCH', '/api/admin/users/:id', ({ id, user, body }) => {
		administrator(user);
		const person = find(id);
		const { plan, plan_until = null } = body;
		delete body.plan_until;
		if (plan === undefined) return;
		if (plan_until && Date.parse(plan_until) < Date.now())
			throw new Refusal(422, 'plan_until_past', 'The plan would end in the past. Nothing was changed.');
		if (plan) Object.assign(person, { plan_source: 'given', plan_until, plan_given: plan });
		else {
			Object.assign(person, { plan_source: 'default', plan_until: null, plan_given: null });
			world.note('plan_changed', person, user, `${person.plan} → ${(person.plan = 'free')}`);
			delete body.plan;
		}
	});

	const added = [
		[
			'GET',
			'/api/admin/usage',
			({ url, response }) => {
				const days = Number(url.searchParams.get('days') ?? 1);
				const limit = Number(url.searchParams.get('limit') ?? 50);
				const people = world.nobodyUsed ? [] : everybody();
				const items = people
					.map((person) => ({
						id: person.id,
						email: person.email,
						plan: person.plan,
						source: person.plan_source,
						...sum(person, days),
						memory_bytes: Math.round(person.appetite * 900_000_000),
						today_percentage: quotaOf(person, world.billing).tokens.percentage
					}))
					.filter(({ tokens }) => tokens)
					.sort((a, b) => b.tokens - a.tokens);
				const none = { ...sum({ id: '0000', quiet: true }, 1) };
				const totals = people.map((person) => sum(person, days)).reduce(plus, none);
				send(response, 200, {
					days,
					from: dayOf(days - 1),
					to: dayOf(0),
					totals,
					memory_bytes_total: people.reduce(
						(all, { appetite }) => all + Math.round(appetite * 900_000_000),
						0
					),
					people_total: everybody().length,
					items: items.slice(0, limit)
				});
			}
		],
		[
			'GET',
			'/api/admin/users/:id/usage',
			({ id, url, response }) => {
				const person = find(id);
				const days = Number(url.searchParams.get('days') ?? 30);
				const history = Array.from({ length: days }, (_, n) => {
					const back = days - 1 - n;
					return { date: dayOf(back), ...usedOn(person, back) };
				});
				send(response, 200, { quota: quotaOf(person, world.billing), history });
			}
		],
		[
			'POST',
			'/api/admin/users/:id/usage/correction',
			({ id, user, body, response }) => {
				const person = find(id);
				if (/#fail/.test(body.note))
					throw new Refusal(500, 'internal', 'Something failed in the server. Nothing was changed.');
				if (!body.note || body.note.length > 200)
					throw new Refusal(422, 'invalid', 'Some fields are wrong.', {
						fields: { note: 'Use 1 to 200 characters.' }
					});
				(person.corrections ??= []).push(body);
				world.note('usage_corrected', person, user, `${body.resource} ${body.amount}`);
				send(response, 201, { quota: quotaOf(person, world.billing) });
			}
		],
		[
			'POST',
			'/api/admin/users/:id/resync',
			({ id, response }) => {
				paid();
				const person = find(id);
				if (world.billingDown)
					throw new Refusal(
						503,
						'billing_unavailable',
						'The payment service did not answer. Nothing was changed. Try again in a few minutes.'
					);
				if (!person.customer) throw new Refusal(409, 'no_customer', 'There is no customer.');
				const { title } = planOf(person.plan);
				send(response, 200, {
					plan: person.plan,
					plan_title: title,
					source: person.plan_source,
					until: person.plan_until,
					trial: null,
					subscription: {
						status: 'active',
						plan: person.plan,
						plan_title: title,
						period: 'monthly',
						current_period_end: ago(-17),
						cancel_at_period_end: false,
						ends_at: null,
						grace_until: null,
						updated_at: ago(0)
					},
					can_manage: true
				});
			}
		],
		[
			'GET',
			'/api/admin/billing',
			({ response }) => {
				paid();
				const bad = world.billingState === 'bad';
				const fresh = world.billingState === 'new';
				const people = everybody();
				send(response, 200, {
					livemode: !bad,
					api_base_default: !bad,
					problems: bad
						? [
								'No event of the payment service has arrived for 3 days. Check that it can reach `https://nova.example.org/billing/webhook`.',
								'The plan The whole household has no price, so nobody can buy it. Set `plans.house.stripe_monthly`.'
							]
						: [],
					plans: PLANS.map(({ name, title }, index) => ({
						name,
						title,
						people: people.filter(({ plan }) => plan === name).length,
						subscribers: fresh
							? 0
							: people.filter((one) => one.plan === name && one.plan_source === 'paid').length,
						revenue:
							fresh || index === 0 || index === 3
								? []
								: [
										{ currency: 'usd', amount: 10_800 * index },
										...(index === 2 ? [{ currency: 'jpy', amount: 12_000 }] : [])
									]
					})),
					statuses: fresh
						? {}
						: { canceled: 3, past_due: 1, active: 18, trialing: 4, unpaid: 0, something_new: 1 },
					events: {
						waiting: count('waiting'),
						failed: count('failed'),
						done: count('done')
					},
					last_event_at: fresh ? null : ago(0.02),
					last_reconcile_at: fresh ? null : ago(0.4)
				});
			}
		],
		[
			'GET',
			'/api/admin/billing/events',
			({ url, response }) => {
				paid();
				const wanted = url.searchParams.get('state');
				const list = world.billingState === 'new' ? [] : eventList();
				const fits = ({ state }) => !wanted || state === wanted || (wanted === 'done' && state === 'ignored');
				send(response, 200, page(list.filter(fits), url));
			}
		],
		[
			'POST',
			'/api/admin/billing/events/:id/retry',
			({ id, response }) => {
				paid();
				const item = eventList().find((event) => event.id === id);
				if (!item) throw new Refusal(404, 'not_found', 'There is no such event.');
				item.state = 'waiting';
				setTimeout(() => Object.assign(item, { state: 'done', tries: item.tries + 1 }), 2000);
				send(response, 202);
			}
		]
	];
	for (const [method, path, handle] of added)
		routes.push([
			method,
			path,
			(call) => {
				administrator(call.user);
				return handle(call);
			}
		]);
}
