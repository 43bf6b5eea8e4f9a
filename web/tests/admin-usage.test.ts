// @vitest-environment jsdom
// Usage and payments, as administrators see them: words, stores, and the forms on a person's page.
import { flushSync, mount, tick, unmount, type Component } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Billing } from '../src/lib/admin/billing/billing.svelte';
import { moneyWords } from '../src/lib/ui/money';
import SoldPlans from '../src/lib/admin/billing/SoldPlans.svelte';
import Problems from '../src/lib/admin/billing/Problems.svelte';
import * as billing from '../src/lib/admin/billing/words';
import CorrectUsage from '../src/lib/admin/people/CorrectUsage.svelte';
import { OnePerson } from '../src/lib/admin/people/person.svelte';
import PersonPlan from '../src/lib/admin/people/PersonPlan.svelte';
import PersonToday from '../src/lib/admin/people/PersonToday.svelte';
import * as plans from '../src/lib/admin/people/plan';
import { OneUsage } from '../src/lib/admin/people/usage.svelte';
import { planWords } from '../src/lib/admin/people/words';
import { titleAt } from '../src/lib/admin/places';
import * as correction from '../src/lib/admin/usage/correction';
import PersonLine from '../src/lib/admin/usage/PersonLine.svelte';
import { FIRST, MOST, WhoUsesWhat } from '../src/lib/admin/usage/usage.svelte';
import * as usage from '../src/lib/admin/usage/words';
import { offers } from '../src/lib/billing/offers.svelte';
import { api } from '../src/lib/api/client';
import { ApiError } from '../src/lib/api/problem';
import { utcDay } from '../src/lib/ui/time';
import type {
	BillingOverview,
	PersonInUsage,
	Quota,
	PersonWhole,
	UsageDay,
	UsagePage
} from '../src/lib/api/types';

const gives = <T>(data: T) => Promise.resolve({ data, response: new Response('{}') });
const refusal = (status: number, code: string) =>
	Promise.resolve({
		error: { error: 'The server says no.', code, correlation_id: 'c' },
		response: new Response(null, { status })
	});

let drawn: object | null = null;
function draw<Props extends Record<string, unknown>>(component: Component<Props>, props: Props): void {
	drawn = mount(component, { target: document.body, props });
	flushSync();
}
const text = () => document.body.textContent?.replace(/\s+/g, ' ') ?? '';
const button = (words: string) =>
	[...document.querySelectorAll('button')].find((one) => one.textContent?.trim() === words);
const input = (part: string) => document.querySelector<HTMLInputElement>(part)!;
async function settled(): Promise<void> {
	for (let turn = 0; turn < 12; turn++) await tick();
}
function type(part: string, value: string): void {
	input(part).value = value;
	input(part).dispatchEvent(new Event('input', { bubbles: true }));
}
async function submit(): Promise<void> {
	document
		.querySelector('form')!
		.dispatchEvent(new SubmitEvent('submit', { bubbles: true, cancelable: true }));
	await settled();
}
/** What is said about a field, tied to it for those who hear the page. */
const errorOf = (part: string) =>
	(input(part).getAttribute('aria-describedby') ?? '')
		.split(' ')
		.map((id) => document.getElementById(id)?.textContent)
		.join(' ');

const PLANS = [
	{ name: 'free', title: 'Free' },
	{ name: 'team', title: 'Team of twelve' }
];
const meter = (used: number, limit: number | null, percentage: number | null) => ({
	used,
	reserved: 0,
	limit,
	remaining: limit,
	percentage
});
const quota = {
	plan: 'free',
	plan_title: 'Free',
	source: 'default',
	metered: true,
	tokens: meter(19_000, 20_000, 95),
	messages: meter(3, null, null),
	storage: meter(1_400_000, 50_000_000, 2.8),
	context_tokens: 4000,
	background_tokens: 1,
	resets_at: new Date(Date.now() + 3_600_000).toISOString(),
	upgrade: false
} as Quota;
const person = {
	id: 'u',
	email: 'bo@example.org',
	role: 'user',
	plan: 'free',
	plan_source: 'default',
	plan_until: null,
	plan_given: null,
	sessions: []
} as unknown as PersonWhole;

beforeEach(() => {
	offers.on = null;
	offers.plans = PLANS;
});
afterEach(async () => {
	if (drawn) await unmount(drawn);
	drawn = null;
	document.body.replaceChildren();
	vi.restoreAllMocks();
});

describe('usage in words', () => {
	// Promise: a share that is there is never said to be none, and nothing is divided by nothing.
	it('says shares', () => {
		expect(usage.shareWords(0, 100)).toBe('none of all');
		expect(usage.shareWords(0, 0)).toBe('none of all');
		expect(usage.shareWords(1, 1000)).toBe('less than 1 % of all');
		expect(usage.shareWords(230, 1000)).toBe('23 % of all');
	});

	// Promise: near and over a limit are words of their own, not a colour; no limit is said to be none.
	it('says how near a limit is', () => {
		expect([null, 79.9, 80, 99.9, 100, 130].map(usage.toneOf)).toEqual([
			'good',
			'good',
			'wait',
			'wait',
			'bad',
			'bad'
		]);
		expect([79, 80, 100].map((used) => usage.nearWords(used))).toEqual(['', 'Nearly used up', 'Used up']);
		expect([null, 80, 100].map((used) => usage.nearWords(used, 'memory'))).toEqual([
			'',
			'Nearly full',
			'Full'
		]);
		expect(usage.todayWords(41.5)).toBe('41.5\u00a0% of today’s tokens');
		expect(usage.todayWords(null)).toBe('no limit today');
	});

	// Promise: days of the ledger are UTC days, so a plan that ends on the 31st never seems to end on the 1st.
	it('says days as they are counted', () => {
		const now = new Date('2026-12-31T23:59:59Z');
		expect(utcDay('2026-12-31T23:59:59Z', now)).toMatch(/^(31 December|December 31)$/);
		expect(utcDay('2026-12-31', now)).toBe(utcDay('2026-12-31T00:00:00Z', now));
		expect(utcDay('2027-01-01T00:00:00Z', now)).toContain('2027');
		expect(usage.sourceWords('given', '2027-12-31T23:59:59Z')).toBe(
			`given by an administrator until ${utcDay('2027-12-31')}`
		);
		expect(usage.sourceWords('default')).toBe('by default');
	});

	// Promise: the period in the address is one of those offered, and the sentence names the period of its figures.
	it('names its period', () => {
		expect(['7', '30', '1', '5', 'x', null].map(usage.daysOf)).toEqual([7, 30, 1, 1, 1, 1]);
		const page = { days: 7, totals: { tokens: 1200, messages: 1 }, people_total: 2 } as UsagePage;
		expect(usage.summaryWords(page)).toBe(
			'In the last 7 days, 1 message took 1,200 tokens. 2 people have an account here.'
		);
		const none = { days: 1, totals: { tokens: 0, messages: 0 }, people_total: 2 } as UsagePage;
		expect(usage.summaryWords(none)).toBe('Today, nobody wrote to Nova.');
	});

	// Promise: the list of days leaves out idle ones and begins with the newest; a correction below zero stays seen.
	it('lists days of use', () => {
		const day = (date: string, tokens: number, messages: number) => ({ date, tokens, messages }) as UsageDay;
		const days = [day('1', 5, 1), day('2', 0, 0), day('3', 0, 2), day('4', -3, 0)];
		expect(usage.busyDays(days).map(({ date }) => date)).toEqual(['4', '3', '1']);
	});
});

describe('who uses what', () => {
	const page = (days: number, items: number) =>
		({ days, items: Array(items).fill({ id: 'u' }) }) as UsagePage;

	// Promise: a period that was superseded is called off, and its late answer changes nothing.
	it('listens to the newest period alone', async () => {
		const waiting: { signal: AbortSignal; answer: (data: UsagePage) => void }[] = [];
		vi.spyOn(api, 'GET').mockImplementation(
			((_: string, { signal }: { signal: AbortSignal }) =>
				new Promise((resolve) =>
					waiting.push({ signal, answer: (data) => resolve({ data, response: new Response('{}') }) })
				)) as never
		);
		const who = new WhoUsesWhat();
		const first = who.show(30);
		const second = who.show(7);
		expect(waiting.map(({ signal }) => signal.aborted)).toEqual([true, false]);
		waiting[1]?.answer(page(7, 1));
		await second;
		waiting[0]?.answer(page(30, 1));
		await first;
		expect([who.answer?.days, who.busy]).toEqual([7, null]);
	});

	// Promise: more is offered only where the list was cut off; a failure keeps what is shown and asks the same again.
	it('knows where its list was cut off', async () => {
		const asked: unknown[] = [];
		let fails = false;
		vi.spyOn(api, 'GET').mockImplementation(((_: string, init: { params: { query: { limit: number } } }) => {
			asked.push(init.params.query);
			if (fails) return refusal(500, 'internal');
			return gives(page(1, Math.min(60, init.params.query.limit)));
		}) as never);
		const who = new WhoUsesWhat();
		await who.show(1);
		expect([who.answer?.items.length, who.cut]).toEqual([FIRST, true]);
		fails = true;
		await who.more();
		expect([who.answer?.items.length, who.cut, who.problem?.code]).toEqual([FIRST, true, 'internal']);
		fails = false;
		await who.load();
		expect([who.answer?.items.length, who.cut, who.problem]).toEqual([60, false, null]);
		expect(asked).toEqual([
			{ days: 1, limit: FIRST },
			{ days: 1, limit: MOST },
			{ days: 1, limit: MOST }
		]);
	});

	// Promise: a row leads to its person and says plan, source, share and today in words; the bar only repeats it.
	it('is one row a person', () => {
		const one = {
			id: 'p',
			email: 'bo@example.org',
			plan: 'team',
			source: 'given',
			tokens: 250,
			messages: 2,
			llm_tokens_context: 9,
			background_tokens: 4,
			memory_bytes: 1000,
			today_percentage: 104
		} as PersonInUsage;
		draw(PersonLine, { person: one, total: 1000 });
		expect(document.querySelector('a')?.getAttribute('href')).toBe('/admin/people/p');
		for (const words of ['Team of twelve, given', '250 tokens', '25 % of all', '104 % of today’s', 'Used up'])
			expect(text()).toContain(words);
		const bar = document.querySelector('svg:has(rect[height="8"])');
		expect(bar?.getAttribute('aria-hidden')).toBe('true');
		expect(bar?.querySelector('rect')?.getAttribute('width')).toBe('25');
	});
});

describe('a correction', () => {
	const draft = { ...correction.EMPTY, amount: '-500', note: 'Counted twice' };

	// Promise: an amount is read as people write it, and what is no whole number, or nothing, is refused.
	it('takes signed whole numbers', () => {
		expect(['-500', '−1,500', '+20', ' 1 000 ', '7'].map(correction.amountOf)).toEqual([
			-500, -1500, 20, 1000, 7
		]);
		for (const wrong of ['', '0', '-0', '1.5', 'x', '5-', '99999999999999999999'])
			expect(correction.amountOf(wrong)).toBeNull();
	});

	// Promise: it is never made without a reason the person can read.
	it('wants a note of at most 200 characters', () => {
		expect(correction.check(draft)).toEqual({});
		expect(Object.keys(correction.check({ ...draft, note: '  ' }))).toEqual(['note']);
		expect(Object.keys(correction.check({ ...draft, note: '😀'.repeat(200) }))).toEqual([]);
		expect(Object.keys(correction.check({ ...draft, note: 'x'.repeat(201) }))).toEqual(['note']);
		expect(correction.bodyOf({ ...draft, note: ' Counted twice ' })).toEqual({
			resource: 'llm_tokens_output',
			amount: -500,
			note: 'Counted twice'
		});
	});

	// Promise: the form says that the person sees it, shows what is wrong beside its field, and sends nothing then.
	it('is made with a form that explains itself', async () => {
		const sent = vi
			.spyOn(api, 'POST')
			.mockImplementation((() => gives({ quota: { ...quota, plan: 'team' } })) as never);
		vi.spyOn(api, 'GET').mockImplementation((() => gives({ quota, history: [] })) as never);
		const one = new OneUsage('u');
		await one.load();
		draw(CorrectUsage, { usage: one });
		button('Correct usage')?.click();
		await settled();
		expect(text()).toMatch(/row of its own.*They see it/);
		type('[name="amount"]', '0');
		await submit();
		expect(errorOf('[name="amount"]')).toContain('whole number');
		expect(errorOf('[name="note"]')).toContain('Say why');
		expect(document.activeElement).toBe(input('[name="amount"]'));
		expect(sent).not.toHaveBeenCalled();
		type('[name="amount"]', '−500');
		type('[name="note"]', 'Counted twice');
		await submit();
		expect(sent.mock.calls[0]?.[1]).toMatchObject({
			params: { path: { id: 'u' } },
			body: { resource: 'llm_tokens_output', amount: -500, note: 'Counted twice' }
		});
		expect(text()).toContain('Corrected. They see it');
		expect(document.querySelector('form')).toBeNull();
	});

	// Promise: when the answer was lost it may have been counted, and that is said before it is done twice.
	it('warns after a lost answer', async () => {
		vi.spyOn(api, 'POST').mockRejectedValue(new TypeError('network'));
		draw(CorrectUsage, { usage: new OneUsage('u') });
		button('Correct usage')?.click();
		await settled();
		type('[name="amount"]', '5');
		type('[name="note"]', 'Not counted');
		await submit();
		expect(text()).toContain('It may have been counted');
		expect(input('[name="note"]').value).toBe('Not counted');
	});
});

describe('the plan of a person', () => {
	const now = new Date('2026-06-17T23:30:00Z');

	// Promise: a plan ends with a day as it is counted, UTC; days that are over and half a date are refused before sending.
	it('may end', () => {
		expect(plans.endOf('2026-12-31')).toBe('2026-12-31T23:59:59Z');
		expect(plans.untilError('', true, now)).toBeUndefined();
		expect(plans.untilError('2026-06-17', true, now)).toBeUndefined();
		expect(plans.untilError('2026-06-16', true, now)).toBe(plans.PAST);
		expect(plans.untilError('', false, now)).toMatch(/whole date/);
		expect(plans.untilError('275760-09-13', true, now)).toMatch(/whole date/);
	});

	// Promise: what counts is said with where it comes from; a gift that does not count is not said to.
	it('is said with its source', () => {
		const given = { ...person, plan: 'team', plan_source: 'given', plan_given: 'team' } as PersonWhole;
		expect(plans.planLine(person)).toBe('Free, by default.');
		expect(plans.planLine({ ...given, plan_until: '2026-12-31T23:59:59Z' })).toBe(
			`Team of twelve, given by an administrator until ${utcDay('2026-12-31')}.`
		);
		expect(plans.givenWords('team', given)).toBe('They have Team of twelve now.');
		expect(plans.givenWords('free', { ...given, plan_source: 'paid' })).toBe(
			'Free is given to them. What counts now is Team of twelve, paid for.'
		);
		expect([planWords('team'), planWords('gold')]).toEqual(['Team of twelve', 'gold']);
	});

	async function drawPlan(whole: PersonWhole): Promise<ReturnType<typeof vi.spyOn>> {
		const patch = vi
			.spyOn(api, 'PATCH')
			.mockImplementation(((_: string, init: { body: object }) =>
				gives({ ...whole, plan_source: 'given', plan_given: 'team', ...init.body })) as never);
		vi.spyOn(api, 'GET').mockImplementation((() => gives(whole)) as never);
		const one = new OnePerson('u');
		await one.load();
		draw(PersonPlan, {
			one,
			get person() {
				return one.person!;
			},
			onchanged: async () => {}
		});
		return patch;
	}

	// Promise: the plans to choose from are the server's own, and the end of the chosen day is sent.
	it('is given, with an end', async () => {
		const patch = await drawPlan(person);
		const choice = document.querySelector('select')!;
		expect([...choice.options].map((option) => option.textContent)).toEqual(['Free', 'Team of twelve']);
		choice.value = 'team';
		choice.dispatchEvent(new Event('change', { bubbles: true }));
		type('[type="date"]', '2001-01-01');
		await submit();
		expect(errorOf('[type="date"]')).toContain('This day is over');
		expect(patch).not.toHaveBeenCalled();
		type('[type="date"]', '2999-12-31');
		await submit();
		expect(patch.mock.calls[0]?.[1]).toMatchObject({
			body: { plan: 'team', plan_until: '2999-12-31T23:59:59Z' }
		});
		expect(text()).toContain(`They have Team of twelve now, until ${utcDay('2999-12-31')}.`);
	});

	// Promise: the server's clock decides what is past, and its refusal stands beside the date.
	it('shows a refused end at its field', async () => {
		const patch = await drawPlan(person);
		patch.mockImplementation((() => refusal(422, 'plan_until_past')) as never);
		type('[type="date"]', plans.today());
		await submit();
		expect(errorOf('[type="date"]')).toContain('This day is over');
	});

	// Promise: a gift can be taken back, which names no plan; without one there is nothing to take.
	it('is taken back', async () => {
		const patch = await drawPlan({ ...person, plan_given: 'team', plan_source: 'given' } as PersonWhole);
		button('Take the given plan back')?.click();
		await settled();
		expect(patch.mock.calls[0]?.[1]).toMatchObject({ body: { plan: '' } });
		await unmount(drawn!);
		drawn = null;
		await drawPlan(person);
		expect(button('Take the given plan back')).toBeUndefined();
	});

	// Promise: with payments off nothing on the page speaks of them; with payments on, a subscription can be asked for again.
	it('speaks of payments only where there are any', async () => {
		offers.on = false;
		await drawPlan(person);
		expect(text()).not.toMatch(/pay|charge|refund|bill|subscri/i);
		await unmount(drawn!);
		document.body.replaceChildren();
		offers.on = true;
		await drawPlan(person);
		const post = vi.spyOn(api, 'POST').mockImplementation((() => refusal(409, 'no_customer')) as never);
		button('Ask the payment service again')?.click();
		await settled();
		expect(text()).toMatch(/does not know them.*Nothing was changed/);
		post.mockImplementation((() => gives({ plan: 'free', subscription: null })) as never);
		button('Ask the payment service again')?.click();
		await settled();
		expect(text()).toContain('Asked. They have no subscription.');
	});

	// Promise: whoever cannot be asked for is explained; what the payment service itself failed of keeps the server's words.
	it('explains refusals', () => {
		const words = (status: number) => plans.resyncProblem(new ApiError(status, { error: 'No.' })).message;
		expect(words(404)).toContain('Nothing was changed');
		expect(words(503)).toBe('No.');
	});

	// Promise: today's limits are words, and what is outside them is named as that.
	it('has meters in words', () => {
		draw(PersonToday, { quota });
		for (const words of ['19,000 of 20,000 tokens', '95 %', 'Nearly used up', '3 messages, no limit'])
			expect(text()).toContain(words);
		expect(text()).toMatch(/1\.3\s?MB of 47\.6\s?MB, 47\.6\s?MB left/);
		expect(text()).toMatch(/Outside the limits, today: 4,000 tokens of context and 1 in the background/);
		expect(text()).not.toContain('Nothing is limited');
	});
});

describe('payments', () => {
	const overview = {
		livemode: true,
		api_base_default: true,
		problems: [],
		plans: [{ name: 'team', title: 'Team', people: 1, subscribers: 0, revenue: [] }],
		statuses: {},
		events: { waiting: 0, failed: 0, done: 0 },
		last_event_at: null,
		last_reconcile_at: null
	} satisfies BillingOverview;

	// Promise: sums are right in every currency, as the payment service counts its smallest unit; none are added up.
	it('are said in money', () => {
		expect(moneyWords([])).toBe('nothing');
		expect(
			moneyWords([
				{ currency: 'usd', amount: 900 },
				{ currency: 'jpy', amount: 5 }
			])
		).toBe('$9.00 and ¥5');
	});

	// Promise: with payments off there is no page and no title of them; otherwise a failure is shown as one.
	it('are off where the server knows nothing of them', async () => {
		const get = vi.spyOn(api, 'GET').mockImplementation((() => refusal(404, 'not_found')) as never);
		const page = new Billing();
		await page.load();
		expect([page.off, page.problem, offers.on, titleAt('/admin/billing')]).toEqual([
			true,
			null,
			false,
			'Page not found'
		]);
		get.mockImplementation((() => refusal(500, 'internal')) as never);
		await page.load();
		expect([page.off, page.problem?.code]).toEqual([false, 'internal']);
		get.mockImplementation((() => gives(overview)) as never);
		await page.load();
		expect([page.problem, offers.on, titleAt('/admin/billing')]).toEqual([null, true, 'Billing']);
	});

	// Promise: whoever wants to know which plans there are, at the same time, asks once.
	it('are learnt of with the plans', async () => {
		const get = vi
			.spyOn(api, 'GET')
			.mockImplementation((() => gives({ billing: true, items: PLANS.slice(0, 1) })) as never);
		await Promise.all([offers.learn(), offers.learn()]);
		expect([get.mock.calls.length, offers.on, offers.plans.length]).toEqual([1, true, 1]);
	});

	// Promise: every problem is said before anything else, and test mode is said plainly; all being well, nothing is.
	it('say what is wrong, and that no money moves', () => {
		draw(Problems, { overview: { ...overview, livemode: false, problems: ['First.', 'Set `a.b`.'] } });
		expect(document.querySelector('[role="alert"]')?.textContent).toMatch(
			/2 things to put right.*First\..*Set a\.b\./s
		);
		expect(text()).toMatch(/Test mode.*no real money/);
		document.body.replaceChildren();
		draw(Problems, { overview });
		expect(text().trim()).toBe('');
	});

	// Promise: a plan nobody pays for says so in words.
	it('list plans', () => {
		draw(SoldPlans, { overview });
		expect(text()).toContain('1 person has it');
		expect(text()).toContain('nothing paid in the last 30 days');
	});

	// Promise: statuses and states are in words; one this page does not know stands as it came; only what failed is tried again.
	it('have statuses and events in words', () => {
		const known = 'active trialing past_due unpaid canceled incomplete incomplete_expired paused'.split(' ');
		for (const status of known) expect(billing.statusOf(status).words).not.toBe(status);
		expect(billing.statusOf('new_one').words).toBe('new_one');
		expect(billing.statusesOf({ canceled: 3, active: 2, unpaid: 0 }).map(({ id }) => id)).toEqual([
			'active',
			'canceled'
		]);
		for (const state of ['waiting', 'done', 'failed', 'ignored'] as const)
			expect(billing.standingOf({ state, tries: 0 }).words).not.toBe(state);
		const retried = (state: 'waiting' | 'done' | 'failed' | 'ignored', tries: number) =>
			billing.canRetry({ state, tries });
		expect([retried('failed', 8), retried('waiting', 2), retried('waiting', 0), retried('done', 1)]).toEqual([
			true,
			true,
			false,
			false
		]);
	});

	// Promise: what the payment service said of somebody is one sentence, with the day that matters.
	it('put a subscription in a sentence', () => {
		const subscription = {
			status: 'active',
			plan: 'pro',
			plan_title: 'Pro',
			period: 'monthly',
			current_period_end: '2026-07-01T10:00:00Z',
			cancel_at_period_end: false,
			ends_at: null,
			grace_until: null,
			updated_at: ''
		} as const;
		expect(billing.subscriptionWords(subscription)).toBe(
			`Their subscription (Pro, monthly): active, renews on ${utcDay('2026-07-01')}.`
		);
		expect(billing.subscriptionWords({ ...subscription, ends_at: '2026-07-01T10:00:00Z' })).toContain(
			`ends on ${utcDay('2026-07-01')}`
		);
		expect(
			billing.subscriptionWords({ ...subscription, status: 'past_due', grace_until: '2026-07-05T10:00:00Z' })
		).toContain(`payment is late, the plan holds until ${utcDay('2026-07-05')}`);
	});
});
