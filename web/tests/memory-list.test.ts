// @vitest-environment jsdom
// The list of what is remembered stays true: pages, counts, days of this clock, and what goes with what.
import { flushSync, mount, tick, unmount, type Component } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Loaded } from '../src/lib/account/loaded.svelte';
import { api } from '../src/lib/api/client';
import type { Memory, MemoryWhole } from '../src/lib/api/types';
import * as acts from '../src/lib/memory/acts';
import { Browser } from '../src/lib/memory/browser.svelte';
import Correct from '../src/lib/memory/Correct.svelte';
import Detail from '../src/lib/memory/Detail.svelte';
import ForgetAsked from '../src/lib/memory/ForgetAsked.svelte';
import Import from '../src/lib/memory/Import.svelte';
import Replaced from '../src/lib/memory/Replaced.svelte';
import { dayBegins, dayEnds, noonOf, spanProblem } from '../src/lib/memory/span';
import { beginning, excerpt, goingWords, manyWords, textProblem } from '../src/lib/memory/words';
import PagedEnd from '../src/lib/ui/PagedEnd.svelte';
import { Pages, type Slice } from '../src/lib/ui/pages.svelte';

vi.mock('$app/navigation', () => ({ goto: () => {} }));
vi.mock('../src/lib/chat/conversations.svelte', () => ({ useConversations: () => undefined }));
vi.mock('../src/lib/usage/quota.svelte', () => ({ useQuota: () => undefined }));

const memory = (id: string, more: Partial<Memory> = {}): Memory => ({
	id,
	tier: 'itm',
	kind: 'turn',
	text: `Words of ${id}.`,
	speaker: 'user',
	session_id: 's',
	session_title: null,
	created_at: '2026-03-03T10:00:00Z',
	edited_at: null,
	tags: [],
	pinned: false,
	importance: 0.5,
	promoted_at: null,
	times_used: 0,
	last_used_at: null,
	dates: [],
	evidence: [],
	superseded_by: null,
	ended_at: null,
	duplicate_of: null,
	...more
});
const whole = (id: string, more: Partial<MemoryWhole> = {}): MemoryWhole => ({
	...memory(id),
	evidence_turns: [],
	derived: [],
	supersedes: [],
	vector: null,
	...more
});

interface Asked {
	method: string;
	path: string;
	query: Record<string, unknown>;
	body: Record<string, unknown>;
}
type Answer = { status?: number; body?: unknown };
let answers: (asked: Asked) => Answer = () => ({ body: {} });
const calls: Asked[] = [];
beforeEach(() => {
	calls.length = 0;
	for (const method of ['GET', 'POST', 'PATCH', 'DELETE'] as const) {
		const call = async (path: string, init: Record<string, never> = {}) => {
			const { params = {}, body = {} } = init as {
				params?: Record<string, Record<string, string>>;
				body?: {};
			};
			const asked = {
				method,
				path: path.replace('{id}', params['path']?.['id'] ?? ''),
				query: params['query'] ?? {},
				body
			};
			calls.push(asked);
			const { status = 200, body: said } = answers(asked);
			return {
				...(status < 300 ? { data: said } : { error: said }),
				response: new Response(null, { status })
			};
		};
		vi.spyOn(api, method).mockImplementation(call as never);
	}
});

vi.stubGlobal('matchMedia', () => new EventTarget());
let drawn: object | null = null;
function draw<Props extends Record<string, unknown>>(component: Component<Props>, props: Props): void {
	drawn = mount(component, { target: document.body, props });
	flushSync();
}
const page = () => (document.body.textContent ?? '').replace(/\s+/g, ' ');
const button = (words: string) =>
	[...document.querySelectorAll('button')].find((one) => one.textContent?.trim().startsWith(words));
async function settled(): Promise<void> {
	for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve));
	await tick();
	flushSync();
}
async function press(words: string): Promise<void> {
	const one = button(words);
	if (!one) throw new Error(`There is no button “${words}” in: ${page()}`);
	if (one.type === 'submit')
		one.form?.dispatchEvent(new SubmitEvent('submit', { bubbles: true, cancelable: true }));
	else one.click();
	await settled();
}
afterEach(async () => {
	if (drawn) await unmount(drawn);
	drawn = null;
	document.body.replaceChildren();
	vi.restoreAllMocks();
});

describe('page by page', () => {
	const slices = (...list: Slice<{ id: string }>[]) => {
		const limits: number[] = [];
		const pages = new Pages<{ id: string }>(async ({ limit }) => {
			limits.push(limit);
			return list.shift() ?? { items: [] };
		}, 2);
		return { pages, limits };
	};
	const ids = (pages: Pages<{ id: string }>) => pages.items.map(({ id }) => id);
	const of = (...names: string[]) => names.map((id) => ({ id }));

	// Promise: what moved into the next page meanwhile is shown once, and breaks nothing.
	it('shows nothing twice', async () => {
		const { pages } = slices({ items: of('a', 'b', 'a'), next_before: 'b' }, { items: of('b', 'c') });
		await pages.load();
		await pages.more();
		expect(ids(pages)).toEqual(['a', 'b', 'c']);
	});

	// Promise: the count of the first page holds for those after it, less what was forgotten meanwhile.
	it('keeps its count', async () => {
		const { pages } = slices(
			{ items: of('a', 'b'), next_before: 'b', total: 3 },
			{ items: of('c'), total: null }
		);
		await pages.load();
		await pages.more();
		expect(pages.total).toBe(3);
		pages.drop('a');
		pages.drop('a');
		expect(pages.total).toBe(2);
	});

	// Promise: who has gone far down is not thrown back to the first page when the list is asked for anew.
	it('asks for as many as are shown', async () => {
		const { pages, limits } = slices(
			{ items: of('a', 'b'), next_before: 'b' },
			{ items: of('c', 'd'), next_before: 'd' },
			{ items: of('a', 'c', 'd') }
		);
		await pages.load();
		await pages.more();
		await pages.refresh();
		expect(limits).toEqual([2, 2, 4]);
		expect(ids(pages)).toEqual(['a', 'c', 'd']);
	});

	// Promise: a page on which nothing fits is not the end; one is told, and can look further.
	it('looks further back', async () => {
		const { pages } = slices({ items: [], next_before: 'x' }, { items: of('old') });
		await pages.load();
		draw(PagedEnd, { list: pages });
		expect(page()).toContain('Nothing among the newest fits.');
		await press('Look further back');
		expect(ids(pages)).toEqual(['old']);
		expect(button('Look further back')).toBeUndefined();
	});

	// Promise: an answer that was asked for earlier and comes later does not win.
	it('shows the newest of two answers', async () => {
		const waiting: ((value: string) => void)[] = [];
		const source = new Loaded(() => new Promise<string>((resolve) => waiting.push(resolve)));
		const second = source.load();
		waiting[1]?.('new');
		await second;
		waiting[0]?.('old');
		await settled();
		expect(source.value).toBe('new');
		expect(source.loading).toBe(false);
	});
});

describe('what goes with what', () => {
	const listed = (...items: Memory[]) => ({ body: { items, next_before: null, total: items.length } });
	async function browsing(...items: Memory[]): Promise<Browser> {
		answers = () => listed(...items);
		const browser = new Browser();
		await browser.list.load();
		calls.length = 0;
		return browser;
	}

	// Promise: what was made from a memory, or stands behind it, is not shown as before when it goes or changes.
	it('asks anew for what stood on it', async () => {
		for (const more of [{ evidence: ['a'] }, { superseded_by: 'a' }, { duplicate_of: 'a' }]) {
			const browser = await browsing(memory('a'), memory('b', more));
			answers = () => listed(memory('b'));
			browser.drop('a');
			expect(calls).toHaveLength(1);
			await settled();
			expect(browser.list.items.map(({ id }) => id)).toEqual(['b']);
		}
		const browser = await browsing(memory('a'), memory('b', { evidence: ['a'] }));
		browser.put(memory('a', { pinned: true }));
		expect(calls).toHaveLength(0);
		browser.put(memory('a', { text: 'Other words.' }));
		expect(calls).toHaveLength(1);
	});

	// Promise: forgetting what somebody else forgot already is done, not failed.
	it('takes what is not there for forgotten', async () => {
		answers = () => ({ status: 404, body: { code: 'not_found', error: 'No.' } });
		await acts.forget('a');
		answers = () => ({ status: 500, body: { code: 'internal', error: 'No.' } });
		await expect(acts.forget('a')).rejects.toThrow();
	});

	// Promise: what was forgotten stays in sight nowhere, neither with its words nor with its buttons.
	it('leaves nothing of it in sight', async () => {
		answers = () => ({ body: whole('a') });
		const onmissing = vi.fn();
		const nothing = () => {};
		draw(Detail, { id: 'a', onclose: nothing, onchanged: nothing, onforgotten: nothing, onmissing });
		await settled();
		expect(page()).toContain('Words of a.');
		answers = ({ method }) =>
			method === 'POST'
				? { body: memory('a', { pinned: true }) }
				: { status: 404, body: { code: 'not_found' } };
		await press('Pin');
		expect(page()).toContain('This memory is not here');
		expect(page()).not.toContain('Words of a.');
		expect(button('Forget this')).toBeUndefined();
		expect(onmissing).toHaveBeenCalledWith('a');
	});

	// Promise: of many that were replaced some are asked for, the rest is counted; none twice, none again.
	it('asks for ten of what was replaced', async () => {
		answers = ({ path }) => ({ body: whole(path.split('/').at(-1)!) });
		draw(Replaced, { memory: whole('a', { supersedes: Array.from({ length: 12 }, (_, n) => `o${n}`) }) });
		await settled();
		expect(calls).toHaveLength(10);
		expect(page()).toContain('And 2 more were so before.');
		answers = () => ({ body: whole('a', { supersedes: ['x', 'x'], derived: [memory('d'), memory('d')] }) });
		const found = await acts.look('a');
		expect([found.supersedes, found.derived.length]).toEqual([['x'], 1]);
	});
});

describe('forgetting what is listed', () => {
	// Promise: “all of these” is all of the list, to its end, under the filters it was asked with.
	it('follows a list to its end', async () => {
		answers = ({ query }) =>
			query['before']
				? {
						body: {
							items: [memory('b'), memory('c')],
							next_before: query['before'] === '1' ? '2' : null,
							total: null
						}
					}
				: { body: { items: [memory('a')], next_before: '1', total: null } };
		const browser = new Browser();
		browser.filter = { ...browser.filter, tag: 'house' };
		await browser.list.load();
		expect(browser.chosen).toBe(true);
		// What is typed by now has not been shown yet.
		browser.filter = { ...browser.filter, tag: 'garden' };
		expect(await browser.ids()).toEqual(['a', 'b', 'c']);
		expect(calls.map(({ query }) => [query['tag'], query['before']])).toEqual([
			['house', undefined],
			['house', '1'],
			['house', '2']
		]);
	});

	// Promise: of a search only what is shown is forgotten, not what is loosely found besides.
	it('takes of a search what is shown', async () => {
		const results = Array.from({ length: 50 }, (_, n) => ({
			...memory(`${n}`),
			score: 1,
			parts: [],
			matched: []
		}));
		answers = () => ({ body: { results, total: 180, took_ms: 1, meaning: true, understood: {} } });
		const browser = new Browser();
		browser.query = 'Clara';
		await browser.list.load();
		browser.query = 'Claraboya';
		answers = () => ({ status: 500, body: { code: 'internal', error: 'No.' } });
		await browser.list.load();
		expect(await browser.ids()).toHaveLength(50);
		expect(calls).toHaveLength(2);
	});

	// Promise: where it breaks off half done, the list is looked at anew, and it can go on from there.
	it('says when it broke off', async () => {
		const ids = Array.from({ length: 1001 }, (_, n) => `${n}`);
		answers = ({ body }) => {
			const many = (body['ids'] as string[]).length;
			if (!body['dry_run'] && many === 1) return { status: 500, body: { code: 'internal', error: 'No.' } };
			return { body: { forgotten: many, derived: 0, bytes: many } };
		};
		const onbroken = vi.fn();
		const nothing = () => {};
		draw(ForgetAsked, { what: () => ({ ids }), onkeep: nothing, ongone: nothing, onbroken });
		await settled();
		await press('Forget all 1,001');
		expect(onbroken).toHaveBeenCalledWith(expect.objectContaining({ forgotten: 1000 }), expect.anything());
		expect(page()).toContain('No. Forgotten: 1,000 memories.');
		expect(page()).not.toContain('Nothing was forgotten');
		expect(goingWords({ forgotten: 2000, derived: 7, bytes: 900, about: true })).toContain('up to 7 facts');
	});

	// Promise: a file that broke off half way leaves no list that hides what came in.
	it('looks anew when a file broke off', async () => {
		answers = () => ({ status: 429, body: { code: 'quota_exceeded', error: 'Full.' } });
		const onbrought = vi.fn();
		draw(Import, { onbrought });
		const input = document.querySelector('input')!;
		const file = { name: 'a.jsonl', size: 2, text: async () => '{}' };
		Object.defineProperty(input, 'files', { value: [file] });
		Object.defineProperty(input, 'value', { value: '', writable: true });
		input.dispatchEvent(new Event('change', { bubbles: true }));
		await settled();
		expect(onbrought).toHaveBeenCalledTimes(1);
		expect(page()).toContain('there is no room for more');
	});
});

describe('days of this clock', () => {
	// Promise: what is forgotten of a day is what the list shows under that day, wherever one lives.
	it('sends moments', () => {
		expect(dayBegins('2026-03-03')).toBe(new Date(2026, 2, 3).toISOString());
		expect(dayEnds('2026-03-03')).toBe(new Date(2026, 2, 4).toISOString());
		expect(dayEnds('2026-12-31')).toBe(new Date(2027, 0, 1).toISOString());
		expect(noonOf('2026-03-03')).toBe(new Date(2026, 2, 3, 12).toISOString());
		expect([dayBegins('12026-03-03'), dayBegins(''), noonOf('2026-02-40')]).toEqual([null, null, null]);
	});

	// Promise: filters ask for the same days.
	it('filters by them', async () => {
		answers = () => ({ body: { items: [], next_before: null, total: 0 } });
		const browser = new Browser();
		browser.filter = { ...browser.filter, from: '2026-03-03', to: '2026-03-03' };
		await browser.list.load();
		expect(calls[0]?.query).toMatchObject({ from: dayBegins('2026-03-03'), to: dayEnds('2026-03-03') });
	});

	// Promise: days the wrong way round are told, not answered with an empty list.
	it('says when no day can fit', () => {
		expect(spanProblem('2026-03-04', '2026-03-03')).toMatch(/after the last one/);
		expect(spanProblem('2026-03-03', '2026-03-03')).toBe('');
		expect(spanProblem('', '12026-03-03')).toBe('There is no such day.');
	});
});

describe('in words that are true', () => {
	// Promise: a count is never less than what is known, and says where it is only what was counted.
	it('counts honestly', () => {
		const words = (shown: number, total: number | null, more: boolean) => manyWords(shown, { total, more });
		expect(words(1, 1, false)).toBe('1 memory.');
		expect(words(100, 340, true)).toBe('340 memories, 100 shown.');
		expect(words(50, null, true)).toBe('50 or more memories.');
		expect(words(50, null, false)).toBe('50 memories.');
		expect(words(51, 50, false)).toBe('51 memories.');
	});

	// Promise: time and speaker are told as the wish they are, not as a condition.
	it('says how a search was understood', () => {
		const now = new Date('2026-06-17T12:00:00Z');
		const how = (from: string | null, to: string | null, speaker: string | null, meaning = false) => {
			const found = { meaning, understood: { from, to, speaker, words: [] } };
			return manyWords(50, { total: 69, more: true }, found, now);
		};
		expect(how(null, null, null, true)).toBe('69 memories found by words and by meaning, 50 shown.');
		expect(how('2026-03-01', '2026-03-31', 'user')).toMatch(
			/^69 memories found by words alone, 50 shown; what was said by you, and in .*2026.*, comes first\.$/
		);
		expect(how(null, null, 'assistant')).toMatch(/; what was said by Nova comes first\.$/);
		expect(how('2026-03-05', '2026-03-05', null)).toMatch(/; what was said on .*5.* comes first\.$/);
		expect(how('2026-03-05', null, null)).toMatch(/; what was said since .*5.* comes first\.$/);
	});

	// Promise: what was found in a long text is in view, and no letter is cut through.
	it('cuts a long text around what was found', () => {
		const long = `${'before '.repeat(200)}hazelnut ${'after '.repeat(200)}`;
		const cut = excerpt(long, ['hazelnut']);
		expect(cut).toContain('hazelnut');
		expect(cut.length).toBeLessThanOrEqual(602);
		expect(cut).toMatch(/^…\w.*…$/);
		expect(excerpt(long)).toMatch(/^before .*…$/);
		expect(excerpt('short', ['x'])).toBe('short');
		expect(excerpt(`${'x '.repeat(900)}hazelnut`, ['hazelnut'])).toMatch(/hazelnut$/);
		const faces = '😀'.repeat(400);
		for (const text of [
			excerpt(`a${faces}`),
			beginning(`a${faces}`, 80),
			excerpt(`${faces} hazelnut`, ['hazelnut'])
		])
			expect(text.length > 0 && encodeURIComponent(text)).toBeTruthy();
	});

	// Promise: the form knows that a fact is shorter than another memory.
	it('knows how long a fact may be', () => {
		expect(textProblem('x'.repeat(1000), 'fact')).toEqual({});
		expect(textProblem('x'.repeat(1001), 'fact')['text']).toMatch(/1,000 bytes/);
		expect(textProblem('x'.repeat(1001), 'note')).toEqual({});
	});

	// Promise: Escape does not throw away a correction that was begun; one that was not is left at once.
	it('asks before words are lost', async () => {
		const oncancel = vi.fn();
		draw(Correct, { id: 'a', text: 'Old.', onsaved: () => {}, oncancel });
		const area = document.querySelector('textarea')!;
		const escape = () => area.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
		area.value = 'New.';
		area.dispatchEvent(new Event('input', { bubbles: true }));
		escape();
		await settled();
		expect(oncancel).not.toHaveBeenCalled();
		expect(page()).toContain('not saved');
		area.value = 'Old.';
		area.dispatchEvent(new Event('input', { bubbles: true }));
		escape();
		expect(oncancel).toHaveBeenCalledTimes(1);
	});
});
