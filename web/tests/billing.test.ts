// @vitest-environment jsdom
// Plans and paying: amounts, states in words, choosing, waiting for a payment, and silence where nothing is sold.
import { flushSync, mount, tick, unmount, type Component } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { api } from '../src/lib/api/client';
import type { Invoice, Plan, PlanStanding, Plans, Subscription, User } from '../src/lib/api/types';
import { session } from '../src/lib/auth/session.svelte';
import Cancelled from '../src/lib/billing/Cancelled.svelte';
import { money } from '../src/lib/ui/money';
import { choosable, holds, offerWords, periodOf, priceWords } from '../src/lib/billing/plans';
import PlansPage from '../src/lib/billing/PlansPage.svelte';
import { Settling } from '../src/lib/billing/settling.svelte';
import Success from '../src/lib/billing/Success.svelte';
import {
	entitled,
	invoiceAmount,
	invoiceStanding,
	planSays,
	settledSays,
	subscriptionSays
} from '../src/lib/billing/words';
import { onDay } from '../src/lib/ui/time';
import { load } from '../src/routes/(app)/billing/success/+page';

vi.mock('$app/navigation', () => ({ goto: () => {}, replaceState: () => {} }));
const left = vi.hoisted(() => vi.fn());
vi.mock('../src/lib/billing/leave', () => ({ leaveTo: left }));

const GIB = 1024 ** 3;
const plan = (name: string, title: string, more: Partial<Plan> = {}): Plan => ({
	name,
	title,
	tokens_per_day: 20_000,
	messages_per_day: 100,
	memory_bytes: GIB,
	requests_per_minute: 10,
	burst: 20,
	price_monthly: null,
	price_yearly: null,
	sells: [],
	current: false,
	...more
});
const FREE = plan('free', 'Free', { current: true });
const BASIC = plan('basic', 'Basic', { price_monthly: '$9', price_yearly: '$90', sells: ['monthly'] });
const PRO = plan('pro', 'Pro', {
	tokens_per_day: null,
	messages_per_day: null,
	price_monthly: '$29',
	price_yearly: '$290',
	sells: ['monthly', 'yearly']
});
const PLANS = [FREE, BASIC, PRO];

const SOON = '2026-12-03T12:00:00Z';
const DAY = onDay(SOON);
const NOW = Date.parse('2026-11-22T12:00:00Z');

const subscribedTo = (more: Partial<Subscription>): Subscription => ({
	status: 'active',
	plan: 'pro',
	plan_title: 'Pro',
	period: 'monthly',
	current_period_end: SOON,
	cancel_at_period_end: false,
	ends_at: null,
	grace_until: null,
	updated_at: SOON,
	...more
});
const standing = (more: Partial<PlanStanding> = {}): PlanStanding => ({
	plan: 'free',
	plan_title: 'Free',
	source: 'default',
	until: null,
	trial: null,
	subscription: null,
	can_manage: false,
	...more
});
const paid = (more: Partial<Subscription> = {}): PlanStanding =>
	standing({
		plan: 'pro',
		plan_title: 'Pro',
		source: 'paid',
		can_manage: true,
		subscription: subscribedTo(more)
	});
const invoice = (more: Partial<Invoice>): Invoice => ({
	id: 'in_1',
	number: 'NOVA-1',
	created_at: SOON,
	amount_due: 2900,
	amount_paid: 0,
	currency: 'usd',
	status: 'open',
	plan: 'pro',
	hosted_url: null,
	pdf_url: null,
	...more
});

describe('amounts', () => {
	// Promise: no sum is ever shown a hundred times too large or too small, whatever the currency.
	it.each([
		[2900, 'usd', '$29.00'],
		[2905, 'eur', '€29.05'],
		[0, 'usd', '$0.00'],
		[-2900, 'usd', '-$29.00'],
		[500, 'jpy', '¥500'],
		[15_000, 'krw', '₩15,000'],
		[5120, 'kwd', 'KWD\u00a05.120'],
		// Counted in hundredths by the payment service, written without.
		[500, 'isk', 'ISK\u00a05'],
		[500, 'ugx', 'UGX\u00a05'],
		[1045, 'huf', 'HUF\u00a010.45'],
		[2900, 'moons', '29.00 MOONS']
	])('%i of %s is %s', (amount, currency, words) => expect(money(amount, currency)).toBe(words));

	// Promise: each currency is taken as the payment service counts it: 100 of a currency without decimals is 100, and of
	// one with three it is a tenth. Two without decimals are counted in hundredths all the same.
	it('are counted as the payment service counts', () => {
		const whole = 'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' ');
		const thousandths = 'bhd jod kwd omr tnd'.split(' ');
		const value = (currency: string) => Number(money(123_000, currency).replace(/[^\d.]/g, ''));
		for (const currency of whole) expect([currency, value(currency)]).toEqual([currency, 123_000]);
		for (const currency of thousandths) expect([currency, value(currency)]).toEqual([currency, 123]);
		for (const currency of ['usd', 'eur', 'isk', 'ugx', 'huf', 'twd'])
			expect([currency, value(currency)]).toEqual([currency, 1230]);
	});

	// Promise: an invoice that is partly paid says both sums; a paid one says what was paid.
	it('say what is due and what of it is paid', () => {
		expect(invoiceAmount(invoice({}))).toBe('$29.00');
		expect(invoiceAmount(invoice({ amount_paid: 900 }))).toBe('$29.00, of which $9.00 is paid');
		expect(invoiceAmount(invoice({ status: 'paid', amount_paid: 2800 }))).toBe('$28.00');
	});

	// Promise: how an invoice stands is said in words, also a state that comes later.
	it('have a state in words', () => {
		const words = (status: string) => invoiceStanding(invoice({ status: status as Invoice['status'] })).words;
		expect(['draft', 'open', 'paid', 'void', 'uncollectible', 'melted'].map(words)).toEqual([
			'Being written',
			'To be paid',
			'Paid',
			'Cancelled',
			'Not paid',
			'melted'
		]);
	});
});

describe('plans in words', () => {
	// Promise: what a plan holds is complete, and what has no limit says so.
	it('holds', () => {
		expect(holds(PRO).map((pair) => pair.join(': '))).toEqual([
			'Tokens a day: no limit',
			'Messages a day: no limit',
			'Memory: 1\u00a0GB',
			'Calls a minute: 10'
		]);
	});

	// Promise: a price is always the one of the period that would be bought, and never made up.
	it('costs', () => {
		expect(offerWords(PRO, 'yearly', false)).toEqual({ price: '$290 a year' });
		expect(offerWords(BASIC, 'yearly', false)).toEqual({ price: '$9 a month', aside: 'Sold monthly only' });
		expect(periodOf(BASIC, 'yearly')).toBe('monthly');
		expect(offerWords(FREE, 'monthly', true)).toEqual({ price: 'Costs nothing' });
		expect(offerWords(plan('house', 'House'), 'monthly', false)).toEqual({ price: 'Not for sale' });
		expect(offerWords({ ...PRO, sells: [] }, 'monthly', false).aside).toBe('Not for sale at the moment');
		expect(offerWords({ ...PRO, price_monthly: null }, 'monthly', false).aside).toContain('payment page');
		expect(priceWords(undefined, 'monthly')).toBeNull();
	});

	// Promise: a button to choose stands only where pressing it can lead somewhere.
	it('can be chosen, or not', () => {
		expect(choosable(PRO, standing())).toBe(true);
		expect(choosable(FREE, standing())).toBe(false);
		expect(choosable(BASIC, paid())).toBe(false);
		expect(choosable(BASIC, paid({ status: 'canceled' }))).toBe(true);
		expect(choosable({ ...BASIC, current: true }, standing({ source: 'trial' }))).toBe(true);
		expect(choosable({ ...PRO, current: true }, standing({ source: 'given' }))).toBe(false);
	});
});

describe('the plan one has, in words', () => {
	// Promise: why one has a plan, and when it ends by itself, is always said.
	it.each<[Partial<PlanStanding>, string | null]>([
		[{}, 'You have Free.'],
		[
			{ source: 'trial', plan: 'basic', plan_title: 'Basic', trial: { plan: 'basic', ends_at: SOON } },
			`You are trying Basic until ${DAY}; after that Free.`
		],
		[
			{ source: 'given', plan: 'pro', plan_title: 'Pro', until: SOON },
			`You have Pro, given by an administrator until ${DAY}. It counts before a plan you pay for.`
		],
		[{ source: 'paid', subscription: subscribedTo({}) }, null]
	])('%#', (more, words) => expect(planSays(standing(more), PLANS)).toBe(words));

	// Promise: every state of a subscription is a sentence that says what it means and what to do.
	it.each<[Partial<Subscription>, string]>([
		[{}, `Pro, $29 a month. Renews on ${DAY}.`],
		[{ period: 'yearly' }, `Pro, $290 a year. Renews on ${DAY}.`],
		[{ plan: 'old', plan_title: 'Old' }, `Old, paid monthly. Renews on ${DAY}.`],
		[
			{ cancel_at_period_end: true },
			`Pro, $29 a month. Ends on ${DAY}; until then everything stays as it is.`
		],
		[{ status: 'trialing' }, `You are trying Pro until ${DAY}. After that it costs $29 a month.`],
		[
			{ status: 'trialing', cancel_at_period_end: true },
			`You are trying Pro until ${DAY}. It ends then, and nothing is charged.`
		],
		[
			{ status: 'past_due', grace_until: SOON },
			`The last payment failed. Pro stays until ${DAY}; please look at your payment method.`
		],
		[
			{ status: 'past_due', grace_until: '2026-11-20T12:00:00Z' },
			`The last payment failed, and Pro ended on ${onDay('2026-11-20T12:00:00Z')}.`
		],
		[{ status: 'unpaid' }, 'The payments for Pro failed, so it has ended. Nothing of yours was deleted.'],
		[{ status: 'canceled', ends_at: SOON }, `Pro ended on ${DAY}. Nothing of yours was deleted`],
		[{ status: 'incomplete' }, 'The payment is not finished yet. Pro begins when it is'],
		[{ status: 'incomplete_expired' }, 'was not finished in time. Nothing was charged'],
		[{ status: 'paused' }, 'Pro is paused, and nothing is charged meanwhile.'],
		[{ status: 'something_new' as Subscription['status'] }, 'something_new']
	])('%#', (more, words) => expect(subscriptionSays(paid(more), PLANS, NOW)?.text).toContain(words));

	// Promise: what has to be acted on stands out, and only that.
	it('asks for attention where it is needed', () => {
		const tone = (more: Partial<Subscription>) => subscriptionSays(paid(more), PLANS, NOW)?.tone;
		expect(tone({})).toBe('plain');
		expect(tone({ status: 'canceled' })).toBe('plain');
		for (const status of ['past_due', 'unpaid', 'incomplete', 'paused'] as const)
			expect(tone({ status })).toBe('gold');
		expect(subscriptionSays(standing(), PLANS)).toBeNull();
	});

	// Promise: thanks are said only for a plan that counts.
	it('knows when what was paid for is there', () => {
		expect(entitled(standing())).toBe(false);
		expect(entitled(paid())).toBe(true);
		expect(entitled(paid({ status: 'trialing' }))).toBe(true);
		expect(entitled(paid({ status: 'past_due', grace_until: SOON }), NOW)).toBe(true);
		expect(entitled(paid({ status: 'past_due' }), NOW)).toBe(false);
		expect(entitled(paid({ status: 'incomplete' }))).toBe(false);
		expect(entitled(paid({ status: 'canceled' }))).toBe(false);
		expect(settledSays(paid())).toBe('You have Pro now.');
		const given = { ...paid({ plan_title: 'Basic' }), source: 'given' as const };
		expect(settledSays(given)).toContain('Basic is paid for.');
	});
});

// From here on the server answers.
interface Says {
	status?: number;
	body: unknown;
}
const refused = (status: number, code: string): Says => ({
	status,
	body: { error: `Server says ${code}.`, code, correlation_id: 'c' }
});
let server: Record<string, Says | (() => Says | Promise<Says>)>;
let asked: string[];
let sent: Record<string, unknown>;

const person = { id: 'u', email: 'ada@example.org', email_verified: true, role: 'user' } as User;
let drawn: object | null = null;
async function draw(component: Component): Promise<void> {
	drawn = mount(component, { target: document.body });
	await settle();
}
async function settle(): Promise<void> {
	for (let turn = 0; turn < 40; turn++) await tick();
	flushSync();
}
const text = () => document.body.textContent?.replace(/\s+/g, ' ') ?? '';
const buttons = () => [...document.querySelectorAll('button')].map((one) => one.textContent?.trim());
async function press(words: string): Promise<void> {
	[...document.querySelectorAll('button')].find((one) => one.textContent?.trim() === words)!.click();
	await settle();
}

beforeEach(() => {
	session.user = person;
	session.phase = 'in';
	asked = [];
	sent = {};
	left.mockReset().mockResolvedValue(undefined);
	server = {
		'GET /api/billing/plans': { body: { billing: true, trial: null, items: PLANS } satisfies Plans },
		'GET /api/billing/subscription': { body: standing() },
		'GET /api/billing/invoices': { body: { items: [], next_before: null } }
	};
	vi.spyOn(globalThis, 'fetch').mockImplementation(async () => new Response('{}'));
	for (const method of ['GET', 'POST'] as const)
		vi.spyOn(api, method).mockImplementation((async (path: string, init?: { body?: unknown }) => {
			const call = `${method} ${path}`;
			asked.push(call);
			sent[call] = init?.body;
			const known = server[call] ?? refused(404, 'not_found');
			const { status = 200, body } = await (typeof known === 'function' ? known() : known);
			const response = new Response(null, { status });
			return status < 300 ? { data: body, response } : { error: body, response };
		}) as unknown as typeof api.GET & typeof api.POST);
});
afterEach(async () => {
	if (drawn) await unmount(drawn);
	drawn = null;
	document.body.replaceChildren();
	vi.useRealTimers();
	vi.restoreAllMocks();
});

describe('the page of plans', () => {
	// Promise: where nothing is sold there is no price, no button and no word of paying, and nothing of it is asked for.
	it('says nothing of payment where nothing is sold', async () => {
		const items = PLANS.map((one) => ({ ...one, price_monthly: null, price_yearly: null, sells: [] }));
		server['GET /api/billing/plans'] = { body: { billing: false, trial: null, items } };
		await draw(PlansPage);
		expect(text()).toContain('Your administrator decides which plan you have.');
		expect(text()).toContain('Your plan');
		expect(text()).not.toMatch(/pay|paid|stripe|price|cost|charge|sale|sold|buy|invoice|subscri|month|\$/i);
		expect(buttons()).toEqual([]);
		expect(document.querySelector('input')).toBeNull();
		expect(asked.filter((call) => call.includes('billing'))).toEqual(['GET /api/billing/plans']);
	});

	// Promise: choosing asks for what was shown, says that the page opens, and goes where the server says.
	it('leads to the payment page', async () => {
		let answer = (_: Says): void => {};
		server['POST /api/billing/checkout'] = () => new Promise((resolve) => (answer = resolve));
		await draw(PlansPage);
		expect(buttons()).toEqual(['Choose Basic', 'Choose Pro']);
		document.querySelectorAll<HTMLInputElement>('input[type=radio]')[1]!.click();
		flushSync();
		expect(text()).toContain('$290 a year');
		await press('Choose Pro');
		expect(buttons()).toContain('Opening the payment page…');
		answer({ body: { url: 'https://pay.example/1' } });
		await vi.waitFor(() => expect(left).toHaveBeenCalledWith('https://pay.example/1'));
		expect(sent['POST /api/billing/checkout']).toEqual({ plan: 'pro', period: 'yearly' });
	});

	// Promise: a choice of periods is offered only when there is one.
	it('asks for the period only when yearly is sold', async () => {
		server['GET /api/billing/plans'] = { body: { billing: true, trial: null, items: [FREE, BASIC] } };
		await draw(PlansPage);
		expect(document.querySelector('input[type=radio]')).toBeNull();
	});

	// Promise: every refusal stands in the page, says that nothing was charged, and offers the way on.
	it.each([
		[403, 'email_unverified', 'not verified yet', 'Send a new mail'],
		[409, 'already_subscribed', 'a subscription already', 'Manage subscription'],
		[409, 'plan_not_for_sale', 'not for sale any more', 'Look again'],
		[503, 'billing_unavailable', 'does not answer just now', 'Choose Pro'],
		[500, 'internal', 'Server says internal.', 'Choose Pro']
	])('refused with %i %s', async (status, code, words, way) => {
		server['POST /api/billing/checkout'] = refused(status, code);
		await draw(PlansPage);
		await press('Choose Pro');
		await vi.waitFor(() => expect(document.querySelector('[role=alert]')).not.toBeNull());
		await settle();
		const alert = document.querySelector('[role=alert]')?.textContent;
		expect(alert).toContain(words);
		expect(alert).toContain('othing was charged');
		expect(buttons()).toContain(way);
		expect(left).not.toHaveBeenCalled();
	});

	// Promise: who pays already manages that, and is not led to pay twice.
	it('offers to manage a subscription, not to buy another', async () => {
		server['GET /api/billing/subscription'] = { body: paid() };
		server['POST /api/billing/portal'] = { body: { url: 'https://pay.example/mine' } };
		await draw(PlansPage);
		expect(buttons()).toEqual(['Manage subscription']);
		expect(text()).toContain('opens in this tab');
		await press('Manage subscription');
		await vi.waitFor(() => expect(left).toHaveBeenCalledWith('https://pay.example/mine'));
	});

	// Promise: an invoice opens in another tab, which learns nothing of this page; only web addresses become links.
	it('lists invoices', async () => {
		const items = [
			invoice({ hosted_url: 'https://pay.example/i/1', pdf_url: 'javascript:alert(1)' }),
			invoice({ id: 'in_2', currency: 'jpy', status: 'paid', amount_paid: 4400 })
		];
		server['GET /api/billing/invoices'] = { body: { items, next_before: null } };
		await draw(PlansPage);
		const links = [...document.querySelectorAll<HTMLAnchorElement>('ul[aria-label=Invoices] a')];
		expect(links.map(({ href, target, rel }) => [href, target, rel])).toEqual([
			['https://pay.example/i/1', '_blank', 'noreferrer']
		]);
		expect(text()).toContain('¥4,400');
	});

	// Promise: an empty list says what will stand there.
	it('has no invoices yet', async () => {
		await draw(PlansPage);
		expect(text()).toContain('No invoices yet.');
	});
});

describe('back from the payment page', () => {
	const polls = () => asked.filter((call) => call === 'GET /api/billing/subscription').length;

	// Promise: what the payment service put into the address leaves it before anything is drawn.
	it('drops the address', async () => {
		const at = (address: string) => ({ url: new URL(address, 'http://nova') }) as Parameters<typeof load>[0];
		expect(() => load(at('/billing/success?session_id=cs_1'))).toThrow(
			expect.objectContaining({ status: 307, location: '/billing/success' })
		);
		expect(() => load(at('/billing/success'))).not.toThrow();
	});

	// Promise: the payment service is asked once, then the server every two seconds, until the plan is there.
	it('waits until the plan is there', async () => {
		vi.useFakeTimers();
		server['POST /api/billing/refresh'] = { body: standing() };
		server['GET /api/billing/subscription'] = () => ({ body: polls() < 3 ? standing() : paid() });
		const settling = new Settling();
		void settling.start();
		await vi.advanceTimersByTimeAsync(5_900);
		expect([settling.phase, polls()]).toEqual(['checking', 2]);
		await vi.advanceTimersByTimeAsync(200);
		expect([settling.phase, settling.standing?.plan]).toEqual(['done', 'pro']);
		await vi.advanceTimersByTimeAsync(60_000);
		expect(asked).toEqual(['POST /api/billing/refresh', ...Array(3).fill('GET /api/billing/subscription')]);
	});

	// Promise: it gives up after a minute with words that calm, and looks again when asked to.
	it('gives up after a minute', async () => {
		vi.useFakeTimers();
		server['POST /api/billing/refresh'] = refused(503, 'billing_unavailable');
		const settling = new Settling();
		void settling.start();
		await vi.advanceTimersByTimeAsync(59_000);
		expect(settling.phase).toBe('checking');
		await vi.advanceTimersByTimeAsync(2_000);
		expect([settling.phase, polls()]).toEqual(['waiting', 30]);
		await vi.advanceTimersByTimeAsync(60_000);
		expect(polls()).toBe(30);
		server['POST /api/billing/refresh'] = { body: paid() };
		void settling.start();
		await vi.advanceTimersByTimeAsync(10);
		expect(settling.phase).toBe('done');
	});

	// Promise: one lost answer does not frighten anyone; a server that stays away is told, and can be tried again.
	it('bears two failures, not three', async () => {
		vi.useFakeTimers();
		let bad = 2;
		server['POST /api/billing/refresh'] = refused(500, 'internal');
		server['GET /api/billing/subscription'] = () =>
			--bad > 0 ? refused(500, 'internal') : { body: standing() };
		const settling = new Settling();
		void settling.start();
		await vi.advanceTimersByTimeAsync(10_000);
		expect(settling.phase).toBe('checking');
		bad = 100;
		await vi.advanceTimersByTimeAsync(6_000);
		expect([settling.phase, settling.problem?.code]).toEqual(['failed', 'internal']);
		settling.stop();
	});

	// Promise: a page that was left asks no more.
	it('stops when it is left', async () => {
		vi.useFakeTimers();
		server['POST /api/billing/refresh'] = { body: standing() };
		const settling = new Settling();
		void settling.start();
		await vi.advanceTimersByTimeAsync(4_100);
		settling.stop();
		await vi.advanceTimersByTimeAsync(60_000);
		expect(polls()).toBe(2);
	});

	// Promise: the page thanks for what is there, and says what it brings.
	it('thanks', async () => {
		server['POST /api/billing/refresh'] = { body: paid() };
		await draw(Success);
		await vi.waitFor(() => expect(text()).toContain('What Pro brings you'));
		expect(text()).toContain('Thank you');
		expect(text()).toContain('You have Pro now.');
		expect(document.querySelector('a[href="/"]')?.textContent).toBe('Go to the chat');
	});

	// Promise: while it waits and when it gave up, the page says so, and that the payment is safe.
	it('says what it does', async () => {
		vi.useFakeTimers();
		server['POST /api/billing/refresh'] = { body: standing() };
		await draw(Success);
		expect(text()).toContain('Checking with the payment service… this takes a few seconds.');
		await vi.advanceTimersByTimeAsync(62_000);
		flushSync();
		expect(text()).toContain('has not told us yet. Your payment is safe.');
		expect(buttons()).toEqual(['Look again']);
	});

	// Promise: who went back without paying learns that nothing was charged and what they have.
	it('tells that nothing was charged', async () => {
		await draw(Cancelled);
		expect(document.querySelector('h1')?.textContent).toBe('Nothing was charged');
		expect(text()).toContain('You still have Free.');
		const links = [...document.querySelectorAll('a')].map((link) => link.getAttribute('href'));
		expect(links).toEqual(['/plans', '/']);
	});

	// Promise: where nothing is sold these addresses are no pages.
	it('are no pages where nothing is sold', async () => {
		server = {};
		await draw(Cancelled);
		expect(text()).toContain('There is no page here');
		expect(text()).not.toMatch(/charged|payment/i);
		await unmount(drawn!);
		await draw(Success);
		await vi.waitFor(() => expect(text()).toContain('There is no page here'));
		expect(text()).not.toMatch(/charged|payment/i);
	});
});
