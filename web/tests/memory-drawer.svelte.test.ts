// @vitest-environment jsdom
// Beside an answer: what it was given from memory, put right and forgotten there.
import { flushSync, mount, tick, unmount } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { api } from '../src/lib/api/client';
import { ApiError } from '../src/lib/api/problem';
import type { Memory, Message, RecalledMemory } from '../src/lib/api/types';
import { Conversation } from '../src/lib/chat/conversation.svelte';
import * as acts from '../src/lib/memory/acts';
import { Drafts } from '../src/lib/memory/drafts.svelte';
import { inView, reasonsOf } from '../src/lib/memory/inview';
import MemoryDrawer from '../src/lib/memory/MemoryDrawer.svelte';

vi.mock('../src/lib/chat/conversations.svelte', () => ({ useConversations: () => undefined }));
vi.mock('../src/lib/usage/quota.svelte', () => ({ useQuota: () => undefined }));
vi.mock('../src/lib/markdown/lazy.svelte', () => ({ markdown: { load: async () => {}, component: null } }));

const used = (id: string, more: Partial<RecalledMemory> = {}): RecalledMemory => ({
	id,
	text: `Words of ${id}.`,
	speaker: 'user',
	kind: 'turn',
	tier: 'itm',
	session_id: 's',
	session_title: 'Lisbon',
	created_at: '2026-06-17T10:00:00Z',
	score: 0.7,
	parts: [{ name: 'words', value: 0.7 }],
	reasons: ['It has your word “Lisbon”, or a form of it.'],
	pinned: false,
	superseded: false,
	forgotten: false,
	...more
});
const always = (id: string, name: 'profile' | 'advice') =>
	used(id, { kind: 'fact', tier: 'ltm', score: 0, reasons: [], parts: [{ name, value: 0 }] });
const gone = ({ id, score }: RecalledMemory): RecalledMemory =>
	used(id, {
		text: '',
		score,
		parts: [],
		reasons: [],
		forgotten: true,
		kind: null,
		tier: null,
		created_at: null
	});

let [room, changed] = [1280, new Set<(event: Event) => void>()];
/** The window is made this wide. */
function width(pixels: number): void {
	room = pixels;
	changed.forEach((tell) => tell(new Event('change')));
	flushSync();
}
let drawn: object | null = null;
const page = () => (document.body.textContent ?? '').replace(/\s+/g, ' ');
const buttons = (words: string) =>
	[...document.querySelectorAll('button')].filter((one) => one.textContent?.trim() === words);
async function settled(): Promise<void> {
	for (let turn = 0; turn < 12; turn++) await tick();
	flushSync();
}
async function press(words: string, index = 0): Promise<void> {
	const one = buttons(words)[index];
	if (!one) throw new Error(`There is no button “${words}” in: ${page()}`);
	one.focus();
	if (one.type === 'submit')
		one.form?.dispatchEvent(new SubmitEvent('submit', { bubbles: true, cancelable: true }));
	else one.click();
	await settled();
}
async function type(words: string): Promise<void> {
	const box = document.querySelector('textarea')!;
	box.value = words;
	box.dispatchEvent(new Event('input', { bubbles: true }));
	await settled();
}
const focused = () => document.activeElement?.id || document.activeElement?.textContent?.trim();

beforeEach(() => {
	width(1280);
	vi.stubGlobal('matchMedia', (query: string) => {
		const least = /min-width: (\d+)px/.exec(query)?.[1];
		const most = /max-width: (\d+)px/.exec(query)?.[1];
		return {
			get matches() {
				return least ? room >= Number(least) : room <= Number(most);
			},
			addEventListener: (_: string, tell: (event: Event) => void) => changed.add(tell),
			removeEventListener: (_: string, tell: (event: Event) => void) => changed.delete(tell)
		};
	});
	Element.prototype.scrollIntoView ??= () => {};
});
afterEach(async () => {
	if (drawn) await unmount(drawn);
	drawn = null;
	document.body.replaceChildren();
	changed.clear();
	vi.unstubAllGlobals();
	vi.restoreAllMocks();
});

const props = $state<{ answer: { memories: RecalledMemory[] } | null }>({ answer: null });
let closed = 0;
async function open(...memories: RecalledMemory[]): Promise<void> {
	closed = 0;
	props.answer = { memories };
	const drafts = new Drafts();
	drawn = mount(MemoryDrawer, {
		target: document.body,
		props: {
			get answer() {
				return props.answer;
			},
			drafts,
			onclose: () => {
				closed++;
				props.answer = null;
			},
			onchanged: () => {},
			onforgotten: (id: string) => {
				const one = props.answer?.memories.find((memory) => memory.id === id);
				if (one) one.forgotten = true;
			}
		}
	});
	await settled();
}

describe('what was in view', () => {
	// Promise: only what was recalled for this answer is counted as remembered; what is always in view says why it is.
	it('is told apart', () => {
		const advice = always('c', 'advice');
		const list = [used('a'), always('b', 'profile'), advice, gone(used('d')), gone(always('e', 'profile'))];
		const told = inView(list);
		expect(told.recalled.map(({ id }) => id)).toEqual(['a', 'd']);
		expect(told.always.map(({ id }) => id)).toEqual(['b', 'c', 'e']);
		expect(reasonsOf(advice)[0]).toMatch(/advice to itself/);
		expect(reasonsOf(always('b', 'profile'))[0]).toMatch(/in your profile/);
		expect(reasonsOf(used('a'))).toEqual(['It has your word “Lisbon”, or a form of it.']);
	});

	// Promise: what is always in view is not passed off as remembered for this answer.
	it('has a section of its own below what was recalled', async () => {
		await open(used('a'), always('b', 'profile'));
		expect(page()).toMatch(
			/1 memory was recalled for this answer\..*Words of a\..*Always in view.*Words of b\./
		);
		expect(page()).toMatch(/Why it was in view.*It stands in your profile/);
		await unmount(drawn!);
		await open(always('b', 'profile'));
		expect(page()).toContain('Nothing was recalled for this answer alone.');
	});
});

describe('a correction that is begun', () => {
	// Promise: what is typed comes back after the drawer was closed, after another answer, and when the window changes
	// between wide and narrow.
	it('is not lost', async () => {
		await open(used('a'));
		await press('Correct');
		await type('In Porto.');
		props.answer = { memories: [used('z')] };
		await settled();
		expect(document.querySelector('textarea')).toBeNull();
		props.answer = { memories: [used('a')] };
		await settled();
		expect(document.querySelector('textarea')?.value).toBe('In Porto.');
		for (const pixels of [900, 1280]) {
			width(pixels);
			await settled();
			expect(document.querySelector('textarea')?.value).toBe('In Porto.');
		}
		await press('Leave it as it was');
		expect(page()).toContain('Words of a.');
		await press('Correct');
		expect(document.querySelector('textarea')?.value).toBe('Words of a.');
	});

	// Promise: Escape in anything else on the page ends that and not the drawer; in the drawer it closes it, unless
	// something in it took it for itself.
	it('is not ended by an Escape that was meant for something else', async () => {
		await open(used('a'));
		const elsewhere = document.createElement('textarea');
		document.body.append(elsewhere);
		const escape = (from: Element | null, taken = false) => {
			const event = new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true });
			if (taken) event.preventDefault();
			from?.dispatchEvent(event);
		};
		escape(elsewhere);
		escape(document.querySelector('h2'), true);
		expect(closed).toBe(0);
		await press('Correct');
		escape(document.querySelector('article textarea'));
		await settled();
		expect(closed).toBe(0);
		expect(document.querySelector('article textarea')).toBeNull();
		escape(document.querySelector('h2'));
		expect(closed).toBe(1);
	});
});

describe('the keyboard', () => {
	// Promise: opening takes the keyboard to the heading; after what was done it goes on where one was.
	it('goes on beside what was done', async () => {
		vi.spyOn(acts, 'forget').mockResolvedValue(undefined);
		vi.spyOn(acts, 'correct').mockResolvedValue({ id: 'a' } as Memory);
		await open(used('a'), used('b'), always('c', 'profile'));
		expect(focused()).toBe('What Nova remembered');
		await press('Correct');
		expect(document.activeElement?.tagName).toBe('TEXTAREA');
		await press('Leave it as it was');
		expect(document.activeElement).toBe(buttons('Correct')[0]);
		await press('Correct');
		await type('In Porto.');
		await press('Save');
		expect(document.activeElement).toBe(buttons('Correct')[0]);
		for (const next of ['recalled-b', 'recalled-c', 'What Nova remembered']) {
			await press('Forget this');
			await press('Forget');
			expect(focused()).toBe(next);
		}
	});

	// Promise: whoever writes a message goes on writing when the window becomes wide or narrow.
	it('is not taken from whoever writes', async () => {
		await open(used('a'));
		const composer = document.createElement('textarea');
		document.body.append(composer);
		composer.focus();
		props.answer = { memories: [used('a', { pinned: true })] };
		composer.focus();
		width(900);
		await settled();
		expect(closed).toBe(1);
		width(1280);
		await settled();
		expect(document.activeElement).toBe(composer);
	});
});

describe('what was made from it', () => {
	const message = (id: string, memories: RecalledMemory[]): Message =>
		({
			id,
			turn_id: id,
			session_id: 's',
			parent_id: null,
			role: 'assistant',
			content: 'Yes.',
			created_at: '2026-06-17T10:00:00Z',
			status: 'complete',
			memories
		}) as Message;

	// Promise: with what is forgotten or corrected, what was made from it is gone from every answer on show at once.
	it('goes from the answers on show too', async () => {
		const [turn, fact] = [used('turn'), used('fact', { kind: 'fact' })];
		let stored = [message('m2', [fact]), message('m1', [turn, fact])];
		vi.spyOn(api, 'GET').mockImplementation((async () => ({
			data: { items: stored, next_before: null },
			response: new Response('{}')
		})) as never);
		const conversation = new Conversation('s', {} as never);
		await vi.waitFor(() => expect(conversation.phase).toBe('ready'));
		stored = [message('m2', [gone(fact)]), message('m1', [gone(turn), gone(fact)])];
		conversation.markForgotten('turn');
		await vi.waitFor(() =>
			expect(conversation.path.flatMap(({ memories }) => memories).every(({ forgotten }) => forgotten)).toBe(
				true
			)
		);
		expect(conversation.path.flatMap(({ memories }) => memories.map(({ text }) => text)).join('')).toBe('');
	});

	// Promise: where that cannot be asked, what was forgotten is still shown as forgotten.
	it('says what is known where the server does not answer', async () => {
		const get = vi.spyOn(api, 'GET').mockImplementation((async () => ({
			data: { items: [message('m1', [used('turn')])], next_before: null },
			response: new Response('{}')
		})) as never);
		const conversation = new Conversation('s', {} as never);
		await vi.waitFor(() => expect(conversation.phase).toBe('ready'));
		get.mockRejectedValue(new ApiError(0, {}));
		conversation.markForgotten('turn');
		await settled();
		expect(conversation.path[0]?.memories[0]).toMatchObject({ forgotten: true, text: '' });
	});
});
