// @vitest-environment jsdom
// What Nova remembers: in words, searched, chosen, corrected and forgotten.
import { flushSync, mount, tick, unmount, type Component } from 'svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { api } from '../src/lib/api/client';
import { ApiError } from '../src/lib/api/problem';
import type { FoundMemory, Memory, RecalledMemory } from '../src/lib/api/types';
import * as acts from '../src/lib/memory/acts';
import { Browser } from '../src/lib/memory/browser.svelte';
import Correct from '../src/lib/memory/Correct.svelte';
import { Drafts } from '../src/lib/memory/drafts.svelte';
import ForgetAsked from '../src/lib/memory/ForgetAsked.svelte';
import ImportResult from '../src/lib/memory/ImportResult.svelte';
import MemoryCard from '../src/lib/memory/MemoryCard.svelte';
import { arrivedWith, memoryAt, memoryTitle } from '../src/lib/memory/places';
import RecalledCard from '../src/lib/memory/RecalledCard.svelte';
import { Selection } from '../src/lib/memory/selection.svelte';
import {
	goingWords,
	importWords,
	partLines,
	pieces,
	spanWords,
	tagsOf,
	tagsProblem,
	textProblem,
	whoSaid
} from '../src/lib/memory/words';

vi.mock('$app/navigation', () => ({ goto: () => {} }));
vi.mock('../src/lib/chat/conversations.svelte', () => ({ useConversations: () => undefined }));
vi.mock('../src/lib/usage/quota.svelte', () => ({ useQuota: () => undefined }));

const plain: Memory = {
	id: 'm1',
	tier: 'itm',
	kind: 'turn',
	text: 'My sister Clara lives in Lisbon.',
	speaker: 'user',
	session_id: 's1',
	session_title: 'Clara and the move',
	created_at: '2026-06-17T10:00:00Z',
	edited_at: null,
	tags: ['family'],
	pinned: false,
	importance: 0.8,
	promoted_at: null,
	times_used: 0,
	last_used_at: null,
	dates: [],
	evidence: [],
	superseded_by: null,
	ended_at: null,
	duplicate_of: null
};
const found: FoundMemory = {
	...plain,
	score: 0.7,
	parts: [
		{ name: 'words', value: 0.5 },
		{ name: 'asks', value: -0.3 },
		{ name: 'recent', value: 0.02 }
	],
	matched: ['Clara']
};
const recalled: RecalledMemory = {
	id: 'm1',
	text: plain.text,
	speaker: 'user',
	kind: 'turn',
	tier: 'itm',
	session_id: 's1',
	session_title: 'Clara and the move',
	created_at: plain.created_at,
	score: 0.7,
	parts: found.parts,
	reasons: ['It has your words: Clara.'],
	pinned: false,
	superseded: false,
	forgotten: false
};

let drawn: object | null = null;
function draw<Props extends Record<string, unknown>>(component: Component<Props>, props: Props): void {
	drawn = mount(component, { target: document.body, props });
	flushSync();
}
const page = () => (document.body.textContent ?? '').replace(/\s+/g, ' ');
const button = (words: string) =>
	[...document.querySelectorAll('button')].find((one) => one.textContent?.trim().startsWith(words));
async function settled(): Promise<void> {
	for (let turn = 0; turn < 12; turn++) await tick();
	flushSync();
}
async function press(words: string): Promise<void> {
	const one = button(words);
	if (one?.type === 'submit') {
		const event = new SubmitEvent('submit', { bubbles: true, cancelable: true });
		one.form?.dispatchEvent(event);
	} else one?.click();
	await settled();
}
function type(box: HTMLInputElement | HTMLTextAreaElement, value: string): void {
	box.value = value;
	box.dispatchEvent(new Event('input', { bubbles: true }));
}

afterEach(async () => {
	if (drawn) await unmount(drawn);
	drawn = null;
	document.body.replaceChildren();
	vi.restoreAllMocks();
});

describe('in words', () => {
	// What was searched for is marked, and only whole words of it.
	it('marks the words that were found', () => {
		const hits = (text: string, matched: string[]) =>
			pieces(text, matched)
				.filter(({ hit }) => hit)
				.map(({ text }) => text);
		expect(hits('Plants and a plantation; the PLANT.', ['plant'])).toEqual(['Plants', 'PLANT']);
		expect(hits('Nothing of it', ['plant'])).toEqual([]);
		expect(
			pieces('a<b>&', ['b'])
				.map(({ text }) => text)
				.join('')
		).toBe('a<b>&');
	});

	// A score is explained by what matters in it, the strongest first, with its sign.
	it('explains a score by its parts', () => {
		expect(partLines(found.parts).map(({ says, written }) => [says, written])).toEqual([
			['Your words are in it', '+0.50'],
			['It is itself a question', '−0.30']
		]);
		const said = partLines([
			{ name: 'standing', value: -0.4 },
			{ name: 'standing', value: 0.2 }
		]);
		expect(said.map(({ says }) => says)).toEqual([
			'Long unused, or no longer true',
			'Kept for good, or pinned'
		]);
	});

	// A time said in words is shown as the days that were meant.
	it('says which days were meant', () => {
		const now = new Date('2026-06-17T12:00:00Z');
		expect(spanWords('2026-03-01', '2026-03-31', now)).toMatch(/March.*2026/);
		expect(spanWords('2026-03-05', '2026-03-05', now)).not.toMatch(/ to /);
		expect(spanWords('2026-03-05', '2026-04-02', now)).toMatch(/ to /);
	});

	// Nobody's words are taken for somebody else's.
	it('tells who said it', () => {
		expect(whoSaid('user', 'turn')).toBe('You said it');
		expect(whoSaid('assistant', 'turn')).toBe('Nova said it');
		expect(whoSaid('Diary', 'turn')).toBe('Diary said it');
		expect(whoSaid('user', 'fact')).toBe('Nova learned it');
	});

	// Before anything goes it is said how much, and what was made from it.
	it('counts what would go', () => {
		expect(goingWords({ forgotten: 3, derived: 2, bytes: 2048 })).toBe(
			'3 memories, and 2 facts and summaries made from them: 2\u00a0kB in all.'
		);
		expect(goingWords({ forgotten: 0, derived: 0, bytes: 0 })).toBe('There is nothing to forget here.');
	});

	// Texts and tags the server would refuse are told of before they are sent.
	it('knows what the server would not take', () => {
		expect(textProblem('  ')['text']).toMatch(/Write/);
		expect(textProblem('ä'.repeat(8193))['text']).toMatch(/16,384 bytes/);
		expect(textProblem('fine')).toEqual({});
		expect(tagsOf(' a, b ,, a')).toEqual(['a', 'b']);
		expect(tagsProblem(['x'.repeat(41)])['tags']).toBeTruthy();
	});

	// A file that was brought in says what became of each of its lines.
	it('says what became of a file', () => {
		expect(importWords({ imported: 1, skipped: 2, failed: [], failed_total: 0 })).toBe(
			'1 memory was brought in; 2 were here already.'
		);
	});

	// A link to one memory, or to some, opens what it names and nothing else.
	it('has addresses', () => {
		expect(memoryAt('a b')).toBe('/memory?id=a%20b');
		expect(memoryTitle('/memory/timeline')).toBe('Timeline');
		expect(arrivedWith(new URLSearchParams('tier=ltm&kind=lies&session=s1'))).toEqual({
			tier: 'ltm',
			session: 's1'
		});
	});
});

describe('looking for something', () => {
	const answer = (data: unknown) => ({ data, response: new Response() }) as never;
	const search = { results: [found], total: 120, took_ms: 1, meaning: true, understood: {} };
	const many = (length: number) => Array.from({ length }, (_, n) => ({ ...found, id: `f${n}` }));

	// Words are searched for; more of it is asked for by a higher limit, and what is known is not shown twice.
	it('searches for words, and for more of them', async () => {
		const post = vi.spyOn(api, 'POST').mockResolvedValue(answer({ ...search, results: many(50) }));
		const browser = new Browser();
		browser.query = ' Clara ';
		await browser.list.load();
		expect(post).toHaveBeenLastCalledWith(
			'/api/memory/search',
			expect.objectContaining({ body: { query: 'Clara', limit: 50 } })
		);
		expect(browser.list.next).toBe('50');
		// The order changed meanwhile: what was last is first now.
		post.mockResolvedValue(answer({ ...search, results: many(70).reverse() }));
		await browser.list.more();
		expect(post.mock.lastCall?.[1]).toMatchObject({ body: { query: 'Clara', limit: 100 } });
		expect(browser.list.items.map(({ id }) => id)).toEqual(
			many(70)
				.reverse()
				.map(({ id }) => id)
		);
		expect(browser.list.next).toBeNull();
	});

	// A search is narrowed by all that narrows the list.
	it('does not lose a filter when words are searched for', async () => {
		const post = vi.spyOn(api, 'POST').mockResolvedValue(answer(search));
		const browser = new Browser();
		browser.query = 'Clara';
		browser.filter = { ...browser.filter, tag: 'family', tier: 'ltm', pinned: true };
		await browser.list.load();
		expect(post.mock.lastCall?.[1]).toMatchObject({
			body: { query: 'Clara', tag: 'family', tier: 'ltm', pinned: true }
		});
	});

	// Only the newest answer counts, in whatever order they arrive.
	it('shows the answer to the newest question', async () => {
		let slow: (value: never) => void = () => {};
		vi.spyOn(api, 'POST')
			.mockReturnValueOnce(new Promise<never>((resolve) => (slow = resolve)) as never)
			.mockResolvedValueOnce(answer({ ...search, results: [{ ...found, id: 'new' }] }));
		const browser = new Browser();
		browser.query = 'Cl';
		const first = browser.list.load();
		browser.query = 'Clara';
		await browser.list.load();
		slow(answer({ ...search, results: [{ ...found, id: 'old' }] }));
		await first;
		expect(browser.list.items.map(({ id }) => id)).toEqual(['new']);
	});
});

describe('choosing several', () => {
	const order = ['a', 'b', 'c', 'd'];

	// With Shift a whole stretch is chosen, in either direction, and taken back the same way.
	it('chooses a stretch', () => {
		const selection = new Selection();
		selection.toggle('c', order, false);
		selection.toggle('a', order, true);
		expect([...selection.ids].sort()).toEqual(['a', 'b', 'c']);
		selection.toggle('b', order, true);
		expect([...selection.ids]).toEqual(['c']);
	});

	// What is not on show is never forgotten along with the rest.
	it('lets go of what is not shown any more', () => {
		const selection = new Selection();
		selection.all(order);
		selection.keep(['b']);
		expect([...selection.ids]).toEqual(['b']);
	});
});

describe('forgetting', () => {
	// However many: the server takes a thousand at once, and the counts are added up.
	it('asks in parts', async () => {
		const post = vi
			.spyOn(api, 'POST')
			.mockResolvedValue({ data: { forgotten: 1, derived: 1, bytes: 2 }, response: new Response() } as never);
		const ids = Array.from({ length: 1001 }, (_, n) => `${n}`);
		expect(await acts.forgetMany({ ids }, true)).toEqual({ forgotten: 2, derived: 2, bytes: 4, about: true });
		const bodies = post.mock.calls.map((call) => (call as unknown[])[1] as { body: { ids: string[] } });
		expect(bodies.map(({ body }) => body.ids.length)).toEqual([1000, 1]);
		expect(bodies[0]?.body).toHaveProperty('dry_run', true);
	});

	const gone = { forgotten: 4, derived: 1, bytes: 900 };

	// Nothing is forgotten before it was said how much, and pressed a second time.
	it('counts first', async () => {
		const forget = vi.spyOn(acts, 'forgetMany').mockResolvedValue(gone);
		const ongone = vi.fn();
		draw(ForgetAsked, { what: () => ({ ids: ['a'] }), onkeep: () => {}, ongone, onbroken: () => {} });
		await settled();
		expect(page()).toContain('4 memories, and one fact or summary made from them');
		expect(forget.mock.calls.map(([, dry]) => dry)).toEqual([true]);
		await press('Forget all 4');
		expect(ongone).toHaveBeenCalledTimes(1);
	});

	// Everything goes only for whoever types it out.
	it('has it typed out when it is everything', async () => {
		const forget = vi.spyOn(acts, 'forgetMany').mockResolvedValue(gone);
		const what = () => ({ everything: true as const, confirm: 'forget everything' });
		const nothing = () => {};
		draw(ForgetAsked, {
			what,
			typed: 'forget everything',
			onkeep: nothing,
			ongone: nothing,
			onbroken: nothing
		});
		await settled();
		await press('Forget all');
		expect(forget).toHaveBeenCalledTimes(1);
		const box = document.querySelector('input')!;
		expect(document.activeElement).toBe(box);
		type(box, 'forget everything');
		await press('Forget all');
		expect(forget).toHaveBeenCalledTimes(2);
	});

	// A count that failed leaves everything as it was, and says so.
	it('says that nothing was forgotten when it cannot be counted', async () => {
		vi.spyOn(acts, 'forgetMany').mockRejectedValue(new ApiError(500, { error: 'No.' }));
		const nothing = () => {};
		draw(ForgetAsked, { what: () => ({ ids: ['a'] }), onkeep: nothing, ongone: nothing, onbroken: nothing });
		await settled();
		expect(page()).toContain('Nothing was forgotten.');
		expect(button('Forget')).toBeUndefined();
	});
});

describe('correcting', () => {
	// Whoever corrects is told what goes with the old words.
	it('warns of what is made again', async () => {
		const change = vi.spyOn(acts, 'correct').mockResolvedValue({ ...plain, text: 'In Hamburg.' });
		const onsaved = vi.fn();
		draw(Correct, { id: 'm1', text: plain.text, tags: ['family'], cites: 2, onsaved, oncancel: () => {} });
		expect(page()).toContain('The 2 facts and summaries that cite it are removed and made again later.');
		type(document.querySelector('textarea')!, 'In Hamburg.');
		await press('Save');
		expect(change).toHaveBeenCalledWith('m1', { text: 'In Hamburg.', tags: ['family'] });
		expect(onsaved).toHaveBeenCalled();
	});

	// A refusal is said at the field it is about; without room, how to make some.
	it('says what was refused where it was typed', async () => {
		const refusal = new ApiError(422, { code: 'tags_invalid', fields: { tags: 'Too many tags.' } });
		vi.spyOn(acts, 'correct').mockRejectedValueOnce(refusal);
		draw(Correct, { id: 'm1', text: plain.text, tags: [], onsaved: () => {}, oncancel: () => {} });
		type(document.querySelector('input')!, 'a');
		await press('Save');
		expect(page()).toContain('Too many tags.');
		vi.spyOn(acts, 'correct').mockRejectedValueOnce(new ApiError(429, { code: 'quota_exceeded' }));
		await press('Save');
		expect(page()).toContain('there is no room for more');
	});
});

describe('the cards', () => {
	// A card in the list says what, who and where, and why it was found.
	it('shows where it comes from and why it is here', () => {
		const nothing = () => {};
		draw(MemoryCard, { memory: found, ontag: nothing, onchanged: nothing, onforgotten: nothing });
		expect(document.querySelector('mark')?.textContent).toBe('Clara');
		expect(document.querySelector('a[href="/chat/s1"]')?.textContent).toBe('Clara and the move');
		expect(page()).toContain('Why is this here?');
		expect(page()).toContain('Your words are in it');
	});

	// What an answer used is pinned, corrected and forgotten right there.
	it('offers everything beside the answer', async () => {
		const pinned = { ...plain, pinned: true, tier: 'ltm' as const };
		const pin = vi.spyOn(acts, 'pin').mockResolvedValue(pinned);
		const onchanged = vi.fn();
		draw(RecalledCard, { memory: recalled, drafts: new Drafts(), onchanged, onforgotten: () => {} });
		expect(page()).toContain('It has your words: Clara.');
		await press('Pin');
		expect(pin).toHaveBeenCalledWith('m1', true);
		expect(onchanged).toHaveBeenCalledWith(pinned);
		await press('Correct');
		expect(document.querySelector('textarea')?.value).toBe(plain.text);
		await press('Leave it');
		expect(button('Forget this')).toBeTruthy();
	});

	// What was forgotten since is not offered for anything any more.
	it('lets what was forgotten be', () => {
		const memory = { ...recalled, text: '', forgotten: true, kind: null, tier: null };
		draw(RecalledCard, { memory, drafts: new Drafts(), onchanged: () => {}, onforgotten: () => {} });
		expect(page()).toContain('This was forgotten since. Nova no longer uses it.');
		expect(button('Pin')).toBeUndefined();
	});

	// Which lines of a file failed can be read, each with its reason.
	it('names the lines that failed', () => {
		const failed = [{ line: 7, code: 'line_invalid', error: 'This line is not JSON.' }];
		draw(ImportResult, { result: { imported: 2, skipped: 0, failed, failed_total: 1 } });
		expect(page()).toContain('2 memories were brought in; 1 could not be read.');
		expect(page()).toContain('Line 7: This line is not JSON.');
	});
});
