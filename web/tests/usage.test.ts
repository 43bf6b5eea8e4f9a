// @vitest-environment jsdom
// What is used and what is left: in words, in the chat, and on its page.
import { flushSync, mount, tick, unmount, type Component } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { api } from '../src/lib/api/client';
import { ApiError } from '../src/lib/api/problem';
import type { Meter, Quota, UsageDay } from '../src/lib/api/types';
import { session } from '../src/lib/auth/session.svelte';
import { Conversation } from '../src/lib/chat/conversation.svelte';
import Refusal from '../src/lib/chat/Refusal.svelte';
import Export from '../src/lib/usage/Export.svelte';
import { dayNumbers, PARTS, plotSummary, stacked } from '../src/lib/usage/parts';
import { paceWords, planWords } from '../src/lib/usage/plan';
import { Period } from '../src/lib/usage/period.svelte';
import QuotaBanner from '../src/lib/usage/QuotaBanner.svelte';
import QuotaEnd from '../src/lib/usage/QuotaEnd.svelte';
import { QuotaWatch, quotaContext, type Crossing } from '../src/lib/usage/quota.svelte';
import Today from '../src/lib/usage/Today.svelte';
import { levelOf, warningsOf } from '../src/lib/usage/warnings';
import {
	againWords,
	change,
	entryAmount,
	kindWords,
	leftWords,
	nextMidnight,
	percent,
	resourceWords,
	sameDay,
	usedUpWords,
	usedWords
} from '../src/lib/usage/words';

const NOW = Date.parse('2026-06-17T19:00:00Z');
const MIDNIGHT = '2026-06-18T00:00:00Z';

const meter = (used: number, limit: number | null, reserved = 0): Meter => ({
	used,
	reserved,
	limit,
	remaining: limit === null ? null : Math.max(0, limit - used - reserved),
	percentage: limit ? ((used + reserved) * 100) / limit : null
});
const plain: Quota = {
	plan: 'free',
	plan_title: 'Free',
	source: 'default',
	until: null,
	metered: true,
	tokens: meter(12_400, 20_000),
	messages: meter(31, 200),
	storage: meter(1_240_000, 5_000_000),
	context_tokens: 48_200,
	background_tokens: 961,
	requests_per_minute: 20,
	burst: 5,
	answers_at_once: 1,
	resets_at: MIDNIGHT,
	upgrade: true
};
const but = (changes: Partial<Quota>): Quota => ({ ...plain, ...changes });
const crossing = (
	resource: Crossing['resource'],
	level: 80 | 100,
	used: number,
	limit: number
): Crossing => ({
	resource,
	level,
	used,
	limit,
	percentage: (used * 100) / limit
});

let get = vi.spyOn(api, 'GET');
const answers = (status: number, body: unknown) =>
	get.mockImplementation((async () => ({
		...(status < 300 ? { data: body } : { error: body }),
		response: new Response(null, { status })
	})) as unknown as typeof api.GET);

let drawn: object | null = null;
const quota = { watch: new QuotaWatch() };
function draw<Props extends Record<string, unknown>>(component: Component<Props>, props: Props): string {
	drawn = mount(component, { target: document.body, props, context: quotaContext(quota.watch) });
	flushSync();
	return seen();
}
const seen = () => (document.body.textContent ?? '').replace(/\s+/g, ' ').trim();
const links = () => [...document.querySelectorAll('a')].map((link) => link.getAttribute('href'));
const button = (name: string) =>
	[...document.querySelectorAll('button')].find(
		(one) => one.textContent?.trim() === name || one.getAttribute('aria-label') === name
	);

beforeEach(() => {
	vi.useFakeTimers({
		now: NOW,
		toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval']
	});
	get = vi.spyOn(api, 'GET');
	quota.watch = new QuotaWatch();
	session.user = { email: 'ada@example.org', email_verified: true } as typeof session.user;
	answers(200, plain);
});
afterEach(async () => {
	if (drawn) await unmount(drawn);
	drawn = null;
	document.body.replaceChildren();
	quota.watch.forget();
	vi.useRealTimers();
	vi.restoreAllMocks();
});

describe('what is used, in words', () => {
	// Numbers have units, and 100 % is said only when nothing is left.
	it('says how much of how much', () => {
		expect(usedWords('tokens', plain.tokens)).toBe('12,400 of 20,000 tokens');
		expect(usedWords('memory', plain.storage)).toBe('1.1\u00a0MB of 4.7\u00a0MB');
		expect(usedWords('messages', meter(1, null))).toBe('1 message');
		expect(leftWords('tokens', meter(12_400, 20_000, 2_400))).toBe('5,200 left');
		expect(leftWords('messages', meter(200, 200))).toBe('all used');
		expect(percent(meter(19_999, 20_000))).toBe(99);
		expect(percent(meter(29, 100))).toBe(29);
		expect(percent(meter(0, 0))).toBe(100);
		expect(percent(meter(5, null))).toBeNull();
	});

	// A reset is a moment of the server's day, said with how long it takes.
	it('says when it starts again', () => {
		expect(againWords(MIDNIGHT, NOW)).toMatch(/^They start again at midnight UTC.*, in 5 hours\.$/);
		expect(nextMidnight('2026-12-31T23:59:59Z')).toBe('2027-01-01T00:00:00.000Z');
		expect(sameDay('2026-06-17T23:59:59Z', MIDNIGHT)).toBe(true);
		expect(sameDay('2026-06-16T23:59:59Z', MIDNIGHT)).toBe(false);
		expect(usedUpWords(but({ tokens: meter(20_000, 20_000) }))).toBe('Today’s tokens are used up.');
		expect(usedUpWords(plain)).toBeNull();
	});

	// Where a plan comes from, and when it ends, is never left to guess.
	it('says the plan and its source', () => {
		const until = '2026-12-03T12:00:00Z';
		const on = { plan_title: 'Basic', until };
		const now = new Date(NOW);
		expect(planWords({ ...on, source: 'trial' }, now)).toMatch(/^Trial of Basic until .*3/);
		expect(planWords({ ...on, source: 'given' }, now)).toMatch(/^Basic, given by an administrator until .*3/);
		expect(planWords({ plan_title: 'Pro', source: 'paid', until: null }, now)).toBe('Pro');
		expect(planWords({ ...on, source: 'trial' }, new Date('2025-06-01'))).toContain('2026');
		expect(paceWords(plain)).toBe(
			'Up to 20 messages and other calls a minute; after a pause up to 5 in a row. One answer at a time.'
		);
		expect(paceWords(but({ requests_per_minute: null, burst: null, answers_at_once: null }))).toBe('');
	});

	// Every word of the ledger is in words, and what is taken back has its sign.
	it('says what a row of the ledger is', () => {
		const row = { resource: 'messages', amount: -3, kind: 'correction' } as Parameters<typeof entryAmount>[0];
		expect(entryAmount(row)).toBe('−3');
		expect(entryAmount({ ...row, amount: 3 })).toBe('+3');
		expect(entryAmount({ ...row, resource: 'memory_bytes', amount: -18_400 })).toBe('−17.9\u00a0kB');
		expect(change(0)).toBe('0 bytes');
		for (const { key } of Object.values(PARTS).flat()) expect(resourceWords(key)).not.toBe(key);
		for (const kind of ['use', 'correction', 'opening']) expect(kindWords(kind)).not.toBe(kind);
		expect(resourceWords('moon_dust')).toBe('moon_dust');
	});
});

describe('warnings', () => {
	// What an answer sets aside comes back: nobody is warned of it.
	it('count what was really used', () => {
		expect(levelOf(meter(12_000, 20_000, 8_000))).toBe(0);
		expect(levelOf(meter(16_000, 20_000))).toBe(80);
		expect(levelOf(meter(20_001, 20_000))).toBe(100);
		expect(levelOf(meter(9e9, null))).toBe(0);
	});

	// Nobody who is not limited is warned, and nobody of a day that is over.
	it('are silent where nothing is limited or the day is over', () => {
		const used = but({ tokens: meter(20_000, 20_000) });
		expect(warningsOf(used, 0, false, false)).toHaveLength(1);
		expect(warningsOf(used, 0, false, true)).toEqual([]);
		expect(warningsOf({ ...used, metered: false }, 100, true, false)).toEqual([]);
	});
});

describe('the store', () => {
	// It is asked for once; everything after comes with the answers.
	it('asks once and is told the rest', async () => {
		await quota.watch.load();
		expect(quota.watch.warnings).toEqual([]);
		const calls = get.mock.calls.length;
		quota.watch.accept(but({ tokens: meter(16_600, 20_000) }));
		await vi.advanceTimersByTimeAsync(3_600_000);
		expect(get.mock.calls.length).toBe(calls);
		expect(quota.watch.warnings.map(({ says }) => says)).toEqual([
			'You have used 83\u00a0% of today’s tokens.'
		]);
	});

	// A slow answer to an old question does not undo what an answer told since.
	it('keeps the newest', async () => {
		const loading = quota.watch.load();
		quota.watch.accept(but({ tokens: meter(20_000, 20_000) }));
		await loading;
		expect(quota.watch.value?.tokens.used).toBe(20_000);
		expect(quota.watch.loading).toBe(false);
	});

	// A warning put away comes again only with the next level, or on another day.
	it('stays dismissed until the next level', () => {
		quota.watch.accept(but({ tokens: meter(16_000, 20_000) }));
		quota.watch.dismiss();
		quota.watch.accept(but({ tokens: meter(17_000, 20_000) }));
		expect(quota.watch.warnings).toEqual([]);
		quota.watch.accept(but({ tokens: meter(20_000, 20_000) }));
		expect(quota.watch.warnings[0]?.level).toBe(100);
		quota.watch.dismiss();
		quota.watch.accept(but({ tokens: meter(16_000, 20_000), resets_at: '2026-06-19T00:00:00Z' }));
		expect(quota.watch.warnings[0]?.level).toBe(80);
	});

	// At midnight UTC yesterday's warnings go by themselves, without a question.
	it('ends its warnings with the day', async () => {
		quota.watch.accept(but({ tokens: meter(20_000, 20_000) }));
		await vi.advanceTimersByTimeAsync(5 * 3_600_000 + 3_000);
		expect(quota.watch.over).toBe(true);
		expect(quota.watch.warnings).toEqual([]);
	});

	// A full memory is said of the turn it concerns; when there is room again, no longer.
	it('says when a turn is not remembered', () => {
		quota.watch.accept(plain);
		quota.watch.crossed(crossing('memory', 100, 4_999_000, 5_000_000));
		expect(quota.watch.warnings[0]?.says).toBe('Your memory is full, so this turn is not remembered.');
		quota.watch.accept(but({ storage: meter(4_999_000, 5_000_000) }));
		expect(quota.watch.warnings[0]?.level).toBe(100);
		quota.watch.accept(plain);
		expect(quota.watch.warnings).toEqual([]);
		quota.watch.accept(but({ storage: meter(5_000_000, 5_000_000) }));
		expect(quota.watch.warnings[0]?.says).toBe('Your memory is full, so new turns are not remembered.');
	});

	// What was crossed is read aloud once.
	it('tells its news once', () => {
		quota.watch.accept(plain);
		quota.watch.crossed(crossing('tokens', 80, 16_600, 20_000));
		expect(quota.watch.news()).toMatch(
			/^You have used 83\u00a0% of today’s tokens\. They start again at midnight/
		);
		expect(quota.watch.news()).toBe('');
	});

	// Whoever signs in next sees nothing of the one before.
	it('forgets', () => {
		quota.watch.accept(but({ tokens: meter(20_000, 20_000) }));
		quota.watch.forget();
		expect(quota.watch.value).toBeNull();
		expect(quota.watch.warnings).toEqual([]);
	});
});

describe('above the composer', () => {
	// Calm words with a way on, gone when asked to.
	it('says what is left and can be put away', () => {
		quota.watch.accept(but({ tokens: meter(20_000, 20_000), messages: meter(170, 200) }));
		expect(draw(QuotaBanner, { quota: quota.watch })).toBe(
			'You have used all of today’s tokens. They start again at midnight UTC, in 5 hours. See plans' +
				'You have used 85 % of today’s messages. They start again at midnight UTC, in 5 hours.'
		);
		expect(document.querySelector('[role=alert]')).toBeNull();
		button('Dismiss')!.click();
		flushSync();
		expect(document.querySelector('aside')).toBeNull();
	});

	// Plans are offered only where there is one to take; a full memory always has a way out.
	it('offers what there is', () => {
		quota.watch.accept(but({ storage: meter(5_000_000, 5_000_000), upgrade: false }));
		expect(draw(QuotaBanner, { quota: quota.watch })).toContain('Forget something to make room.');
		expect(links()).toEqual(['/memory']);
		quota.watch.accept(but({ storage: meter(5_000_000, 5_000_000) }));
		flushSync();
		expect(links()).toEqual(['/memory', '/plans']);
	});

	// What another place says just now is not said twice.
	it('leaves out what is said already', () => {
		quota.watch.accept(but({ tokens: meter(20_000, 20_000) }));
		expect(draw(QuotaBanner, { quota: quota.watch, said: ['tokens' as const] })).toBe('');
	});
});

describe('a message that was refused', () => {
	const usedUp = new ApiError(429, {
		code: 'quota_exceeded',
		error: 'The server says what is used up.',
		resets_at: MIDNIGHT
	});

	// What is used up, until when, and what else can be done; as a notice, not as an alarm.
	it('says what is used up and when it starts again', async () => {
		answers(200, but({ tokens: meter(20_000, 20_000) }));
		draw(Refusal, { error: usedUp });
		await vi.advanceTimersByTimeAsync(10);
		flushSync();
		expect(seen()).toMatch(/Today’s tokens are used up\. They start again at midnight UTC.*, in 5 hours\./);
		expect(links()).toEqual(['/plans']);
		expect(document.querySelector('[role=alert]')).toBeNull();
	});

	// Whoever is refused for an address that is not verified reads that, and is sold nothing.
	it('keeps the server’s words where it does not know better', async () => {
		session.user = { email_verified: false } as typeof session.user;
		answers(200, but({ messages: meter(200, 200) }));
		draw(Refusal, { error: usedUp });
		await vi.advanceTimersByTimeAsync(10);
		flushSync();
		expect(seen()).toContain('The server says what is used up.');
		expect(links()).toEqual([]);
	});

	// The new day is noticed.
	it('ends at midnight', async () => {
		draw(Refusal, { error: usedUp });
		await vi.advanceTimersByTimeAsync(5 * 3_600_000 + 60_000);
		flushSync();
		expect(seen()).toContain('You can go on now.');
	});

	// One who was too fast is told how long to wait, by the second.
	it('counts down', async () => {
		draw(Refusal, { error: new ApiError(429, { code: 'rate_limited', error: 'Too often.' }, 12) });
		expect(seen()).toBe('Too many messages in a short time. You can go on in 12 seconds.');
		await vi.advanceTimersByTimeAsync(5_000);
		flushSync();
		expect(seen()).toContain('in 7 seconds.');
		await vi.advanceTimersByTimeAsync(8_000);
		flushSync();
		expect(seen()).toContain('You can go on now.');
	});
});

describe('an answer that ended because the tokens are used up', () => {
	// It says so, and that what is written is safe; the day after, it can be continued.
	it('says when it can go on', async () => {
		quota.watch.accept(plain);
		expect(draw(QuotaEnd, { at: '2026-06-17T18:59:00Z' })).toMatch(
			/^Today’s tokens are used up, so the answer stops here\. What is written is saved\. They start again at midnight UTC.*, in 5 hours\. See plans$/
		);
		await vi.advanceTimersByTimeAsync(5 * 3_600_000 + 60_000);
		flushSync();
		expect(seen()).toContain('They have started again.');
	});
});

describe('a turn', () => {
	const listeners = () => ({
		created: vi.fn(),
		changed: vi.fn(),
		finished: vi.fn(),
		crossed: vi.fn(),
		counted: vi.fn()
	});
	const wire = (...events: [string, object][]) =>
		events
			.map(([name, data], n) => `id: ${n + 1}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
			.join('');
	const start = { turn_id: 't', session_id: 's', user_message_id: 'u', message_id: 'm', model: 'x' };
	const done = { message_id: 'm', tokens_used: 3, latency_ms: 5, finish_reason: 'quota' };
	beforeEach(() => {
		vi.useRealTimers();
		// As in a browser, where an address may be relative and a signal is the browser's own.
		const Real = Request;
		const Local = class extends Real {
			constructor(input: string | Request, { signal: _, ...init }: RequestInit = {}) {
				super(typeof input === 'string' ? new URL(input, 'http://nova') : input, init);
			}
		};
		vi.stubGlobal('Request', Local);
	});
	afterEach(() => void vi.unstubAllGlobals());

	// What a turn tells of the quota reaches whoever shows it, and the answer knows how it ended.
	it('passes on what it is told', async () => {
		vi.spyOn(globalThis, 'fetch').mockResolvedValue(
			new Response(
				wire(
					['start', start],
					['quota', crossing('memory', 100, 5, 5)],
					['delta', { content: 'Hello' }],
					['quota', crossing('tokens', 100, 20_000, 20_000)],
					['done', { ...done, quota: plain }]
				)
			)
		);
		const told = listeners();
		const conversation = new Conversation(null, told);
		await conversation.send('Hi');
		expect(told.crossed.mock.calls.map(([{ resource, level }]) => [resource, level])).toEqual([
			['memory', 100],
			['tokens', 100]
		]);
		expect(told.counted).toHaveBeenCalledWith(plain);
		const answer = conversation.path.at(-1);
		expect(answer).toMatchObject({ content: 'Hello', status: 'complete', finishReason: 'quota' });
		expect(answer?.unremembered).toBe(true);
	});

	// No words are lost when nothing more can be sent; after a pause, the same words can be tried again.
	it.each([
		['quota_exceeded', false],
		['rate_limited', true]
	])('refused with %s gives the words back', async (code, again) => {
		vi.spyOn(globalThis, 'fetch').mockResolvedValue(
			new Response(JSON.stringify({ error: 'No.', code, resets_at: MIDNIGHT }), {
				status: 429,
				headers: { 'Retry-After': '12' }
			})
		);
		const told = listeners();
		const conversation = new Conversation(null, told);
		await conversation.send('My words');
		expect(conversation.refused).toMatchObject({ text: 'My words', again });
		expect(conversation.path).toEqual([]);
		expect(told.finished).not.toHaveBeenCalled();
	});
});

describe('today, on the page', () => {
	// A ring has its numbers in words, and what an answer sets aside.
	it('shows rings with words', () => {
		const words = draw(Today, { quota: but({ tokens: meter(12_400, 20_000, 2_400) }) });
		expect(document.querySelectorAll('.ring')).toHaveLength(2);
		expect(words).toContain(
			'12,400 of 20,000 tokens 5,200 left 2,400 tokens set aside while an answer is written'
		);
		expect(words).toMatch(/Starts again in 5 hours, at midnight UTC/);
		expect(words).toContain('Outside the limits, today: 48,200 tokens of context and 961 in the background.');
		expect(button('Look again')).toBeDefined();
	});

	// No ring stands for a limit that does not exist.
	it('shows no ring where there is no limit', () => {
		const none = { tokens: meter(12_400, null), messages: meter(31, null), storage: meter(1_000, null) };
		const words = draw(Today, { quota: but(none) });
		expect(document.querySelector('.ring, svg')).toBeNull();
		expect(words).toContain('12,400 tokens Your plan has no limit for them.');
		expect(words).not.toContain('Starts again');
	});

	// Whoever is not limited is told that what they use is still counted.
	it('says that nothing is limited', () => {
		const words = draw(Today, { quota: but({ metered: false }) });
		expect(document.querySelector('.ring, svg')).toBeNull();
		expect(words).toContain(
			'12,400 tokens and 31 messages today. What you use is counted, and nothing is limited'
		);
	});
});

describe('the days behind', () => {
	const day = (date: string, input: number, output: number, memory = 0): UsageDay => ({
		date,
		llm_tokens_input: input,
		llm_tokens_output: output,
		llm_tokens_context: 10,
		messages: 1,
		memory_bytes: memory,
		background_tokens: 2,
		tokens: input + output
	});
	const days = [day('2026-06-15', 1, 2), day('2026-06-16', 30, 40, -2_000), day('2026-06-17', 5, 6)];

	// The whole bar is the sum of its parts, and none is drawn over another.
	it('stacks the parts', () => {
		expect(stacked(days, PARTS.tokens)).toEqual([
			[1, 30, 5],
			[3, 70, 11],
			[13, 80, 21]
		]);
	});

	// The plot has words of its own: its sum without what is outside the limits, and its highest day.
	it('says what the plot shows', () => {
		expect(plotSummary(days, 'tokens')).toMatch(
			/^Tokens from .*15.* to .*17.*: 84 in all\. Most on .*16.*: 70\. The table below/
		);
		expect(plotSummary(days, 'memory')).toMatch(/: −1\.9\u00a0kB in all\. The table/);
		expect(plotSummary([], 'tokens')).toBe('Nothing to show.');
		expect(dayNumbers(days[1]!, 'tokens')).toMatch(
			/16.*: 70 tokens, of which 30 input and 40 output; 10 of context$/
		);
	});

	// A failure keeps what was shown; the newest choice wins.
	it('keeps what it had', async () => {
		const period = new Period();
		answers(200, { from: '', to: '', items: days, since: MIDNIGHT });
		await period.load(7);
		answers(500, { error: 'Broken.', code: 'internal' });
		await period.load(90);
		expect(period.history?.items).toBe(days);
		expect(period.problem?.message).toBe('Broken.');
		expect(period.span).toBe(90);
		expect(period.blank).toBe(false);
	});

	// Whoever cannot export yet learns why, and what to do.
	it('explains a refused export', async () => {
		answers(403, { error: 'No.', code: 'email_unverified' });
		draw(Export, { days: 30, from: '2026-05-19', to: '2026-06-17' });
		button('Export CSV')!.click();
		await vi.advanceTimersByTimeAsync(10);
		await tick();
		flushSync();
		expect(seen()).toContain('The export is for verified addresses.');
		expect(links()).toEqual(['/account']);
	});
});
