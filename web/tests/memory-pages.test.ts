// @vitest-environment jsdom
// What Nova knows, the days behind, the picture over time, and what Nova does with memories by itself.
import { flushSync, mount, tick, unmount, type Component } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { api } from '../src/lib/api/client';
import type { Memory, MemoryJob, MemoryProfile, MemoryStats } from '../src/lib/api/types';
import Distil from '../src/lib/memory/jobs/Distil.svelte';
import { JobWatch } from '../src/lib/memory/jobs/jobs.svelte';
import JobRow from '../src/lib/memory/jobs/JobRow.svelte';
import * as jobs from '../src/lib/memory/jobs/words';
import {
	changed,
	COLUMNS,
	LAYERS,
	lately,
	plotSummary,
	weekNumbers,
	type Week
} from '../src/lib/memory/picture/growth';
import Room from '../src/lib/memory/picture/Room.svelte';
import Tiers from '../src/lib/memory/picture/Tiers.svelte';
import NumbersTable from '../src/lib/ui/NumbersTable.svelte';
import * as picture from '../src/lib/memory/picture/words';
import Facts from '../src/lib/memory/profile/Facts.svelte';
import { Profile } from '../src/lib/memory/profile/profile.svelte';
import ProfilePage from '../src/lib/memory/profile/ProfilePage.svelte';
import * as profile from '../src/lib/memory/profile/words';
import Session from '../src/lib/memory/timeline/Session.svelte';
import TimelinePage from '../src/lib/memory/timeline/TimelinePage.svelte';
import { dayTitle, dayWords, hasShown, sessionTitle } from '../src/lib/memory/timeline/words';
import { spokenBy, whoseWords } from '../src/lib/memory/words';

const NOW = new Date('2026-11-22T12:00:00Z');
const fact = (id: string, more: Partial<Memory> = {}): Memory => ({
	id,
	tier: 'ltm',
	kind: 'fact',
	text: `Sentence ${id}.`,
	speaker: 'user',
	session_id: 's',
	session_title: 'Lisbon',
	created_at: '2026-03-03T10:00:00Z',
	edited_at: null,
	tags: [],
	pinned: false,
	importance: 0.5,
	promoted_at: null,
	times_used: 0,
	last_used_at: null,
	dates: [],
	evidence: ['t1'],
	superseded_by: null,
	ended_at: null,
	duplicate_of: null,
	...more
});
const job = (id: string, more: Partial<MemoryJob> = {}): MemoryJob => ({
	id,
	kind: 'distil',
	session_id: 's',
	session_title: 'Lisbon',
	conversation: true,
	state: 'waiting',
	attempts: 0,
	created_at: NOW.toISOString(),
	due_at: NOW.toISOString(),
	ended_at: null,
	error: null,
	made: null,
	...more
});
const made = (facts: number, summaries = 0, reflections = 0, rejected = 0) => ({
	facts,
	summaries,
	reflections,
	rejected
});
const week = (date: string, total: number, more: Partial<Week> = {}): Week => ({
	date,
	added: 10,
	promoted: 3,
	forgotten: 1,
	total,
	ltm: Math.round(total / 3),
	...more
});
const stats: MemoryStats = {
	total: 1204,
	bytes: 400,
	limit_bytes: 1000,
	by_tier: { stm: 4, itm: 840, ltm: 360 },
	by_kind: { turn: 980, note: 0, fact: 1, summary: 48, reflection: 0 },
	pinned: 2,
	sessions: 48,
	superseded: 0,
	oldest_at: null,
	newest_at: null,
	growth: [],
	embedding: {
		provider: 'builtin',
		model: 'static-minilm-256',
		dimension: 256,
		with_vector: 3880,
		waiting: 120,
		refused: 0,
		meaning: true
	},
	distilling: { enabled: true, last_at: null, waiting: 0, failed: 0 }
};

type Answer = { status?: number; body?: unknown };
let answers: (method: string, path: string, body: unknown) => Answer = () => ({ body: {} });
const calls: { method: string; path: string; body: unknown }[] = [];
for (const method of ['GET', 'POST', 'PATCH', 'DELETE'] as const) {
	const call = async (path: string, init?: { params?: { path?: { id: string } }; body?: unknown }) => {
		const whole = path.replace('{id}', init?.params?.path?.id ?? '');
		calls.push({ method, path: whole, body: init?.body });
		const { status = 200, body } = answers(method, whole, init?.body);
		return {
			...(status < 300 ? { data: body } : { error: body }),
			response: new Response(null, { status })
		};
	};
	beforeEach(() => void vi.spyOn(api, method).mockImplementation(call as never));
}

let drawn: object | null = null;
function draw<Props extends Record<string, unknown>>(component: Component<Props>, props: Props): string {
	drawn = mount(component, { target: document.body, props });
	flushSync();
	return seen();
}
const seen = () => (document.body.textContent ?? '').replace(/\s+/g, ' ').trim();
const settled = async () => {
	await vi.advanceTimersByTimeAsync(0);
	await tick();
	flushSync();
};
const button = (name: string) =>
	[...document.querySelectorAll('button')].find(
		(one) => one.textContent?.trim() === name || one.getAttribute('aria-label') === name
	);
async function press(name: string): Promise<void> {
	const found = button(name);
	if (!found) throw new Error(`There is no button “${name}” in: ${seen()}`);
	found.click();
	await settled();
}

beforeEach(() => {
	vi.useFakeTimers({
		now: NOW,
		toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval']
	});
	calls.length = 0;
});
afterEach(async () => {
	if (drawn) await unmount(drawn);
	drawn = null;
	document.body.replaceChildren();
	vi.useRealTimers();
	vi.restoreAllMocks();
});

describe('what is known, in words', () => {
	// Promise: what is no longer true says until when, and one month is not said twice.
	it('says since when and until when', () => {
		expect(profile.sinceWords(fact('a'), NOW)).toMatch(/^Known since .*3.*/);
		const ended = fact('a', { created_at: '2025-05-10T12:00:00Z', ended_at: '2026-03-10T12:00:00Z' });
		expect(profile.untilWords(ended)).toBe('from May 2025 until March 2026');
		expect(profile.untilWords({ ...ended, created_at: '2026-03-02T12:00:00Z' })).toBe('until March 2026');
	});

	// Promise: one can tell what oneself wrote or corrected from what a model read.
	it('says where it comes from', () => {
		expect(profile.sourceOf(fact('a'))).toBe('read');
		expect(profile.sourceOf(fact('a', { evidence: [] }))).toBe('yours');
		expect(profile.sourceOf(fact('a', { edited_at: NOW.toISOString() }))).toBe('corrected');
		expect(['user', 'assistant', 'Clara'].map(spokenBy)).toEqual(['You', 'Nova', 'Clara']);
	});

	// Promise: an empty or endless sentence is told beside its field and not sent; length is counted in bytes.
	it('checks a sentence before it is sent', () => {
		expect(profile.wrongSentence('  ')).toEqual({ text: 'Write a sentence first.' });
		expect(profile.wrongSentence('é'.repeat(500))).toEqual({});
		expect(profile.wrongSentence('é'.repeat(501))['text']).toMatch(/longer than 1,000 bytes/);
	});
});

describe('the page of what Nova knows', () => {
	const given: MemoryProfile = {
		facts: [fact('a'), fact('b', { evidence: [] })],
		past: [
			fact('p', { superseded_by: 'a', ended_at: '2026-03-10T12:00:00Z', created_at: '2025-05-10T12:00:00Z' })
		],
		advice: [fact('r', { kind: 'reflection', text: 'Keep it short.' })],
		updated_at: null,
		facts_total: 2,
		past_total: 1
	};
	const known = async (value: MemoryProfile = given) => {
		answers = (_, path) => ({ body: path.endsWith('/profile') ? value : { items: [], embedding: null } });
		const store = new Profile();
		await store.load();
		return store;
	};

	// Promise: what is wrong can be corrected where it stands, and what is shown is what the server has then.
	it('corrects a sentence in its place', async () => {
		const store = await known();
		draw(Facts, { facts: store.value!.facts, label: 'True now', profile: store });
		await press('Correct: Sentence a.');
		const area = document.querySelector('textarea')!;
		expect(area.value).toBe('Sentence a.');
		area.value = 'I moved.';
		area.dispatchEvent(new Event('input', { bubbles: true }));
		const moved = fact('a', { text: 'I moved.', edited_at: NOW.toISOString() });
		answers = (method) => ({ body: method === 'PATCH' ? moved : { ...given, facts: [moved] } });
		document.querySelector('form')!.dispatchEvent(new SubmitEvent('submit', { cancelable: true }));
		await settled();
		expect(calls).toContainEqual({ method: 'PATCH', path: '/api/memory/a', body: { text: 'I moved.' } });
		expect(store.value?.facts[0]?.text).toBe('I moved.');
	});

	// Promise: “I did not say that” forgets, is asked twice, and is offered only where Nova read it out of something.
	it('forgets what was not said', async () => {
		const store = await known();
		draw(Facts, { facts: store.value!.facts, label: 'True now', profile: store });
		expect(button('I did not say that: Sentence b.')).toBeUndefined();
		await press('I did not say that: Sentence a.');
		expect(calls.filter(({ method }) => method === 'DELETE')).toEqual([]);
		expect(seen()).toContain('what you did say stays in its conversation');
		answers = (method) =>
			method === 'DELETE' ? { status: 204 } : { body: { ...given, facts: [given.facts[1]] } };
		await press('I did not say that');
		expect(calls.some(({ method, path }) => method === 'DELETE' && path === '/api/memory/a')).toBe(true);
		expect(store.value?.facts.map(({ id }) => id)).toEqual(['b']);
	});

	// Promise: each sentence shows what was said for it, with the way to that conversation.
	it('shows what a sentence was read from', async () => {
		const store = await known();
		draw(Facts, { facts: store.value!.facts, label: 'True now', profile: store });
		const turn = fact('t1', { kind: 'turn', text: 'We moved in spring.' });
		// What was brought in from elsewhere may name the same twice.
		answers = () => ({ body: { ...fact('a'), evidence_turns: [turn, turn], derived: [], supersedes: [] } });
		await press('Where from: Sentence a.');
		expect(seen()).toContain('We moved in spring.');
		expect(document.querySelector('a[href="/chat/s"]')?.textContent).toBe('Lisbon');
	});

	// Promise: a sentence that is no longer true has its dates and what holds instead, and cannot be taken for true.
	it('keeps what was true apart', async () => {
		const store = await known();
		const said = draw(Facts, { facts: store.value!.past, label: 'No longer true', profile: store });
		expect(said).toContain('True from May 2025 until March 2026');
		expect(said).toContain('Now: Sentence a.');
		expect(button('Correct: Sentence p.')).toBeUndefined();
	});

	// Promise: a sentence that replaces another leaves no two contrary ones under “True now”.
	it('asks what is true after something was added', async () => {
		const store = await known();
		const added = fact('n', { text: 'I live in Porto.', evidence: [] });
		const replaced = { ...given.facts[0]!, ended_at: NOW.toISOString(), superseded_by: 'n' };
		const after = { ...given, facts: [added, given.facts[1]], past: [replaced, ...given.past] };
		answers = (method) => ({ body: method === 'POST' ? added : after });
		await store.add('I live in Porto.');
		expect(store.value?.facts[0]?.id).toBe('n');
		await settled();
		expect(store.value?.facts.map(({ id }) => id)).toEqual(['n', 'b']);
	});

	// Promise: whether something is still so is the person's to say, both ways.
	it('takes their word for what is over', async () => {
		const store = await known();
		draw(Facts, { facts: store.value!.past, label: 'No longer true', profile: store });
		answers = (method) => ({
			body: method === 'PATCH' ? fact('p') : { ...given, facts: [fact('p'), ...given.facts], past: [] }
		});
		await press('It is still so: Sentence p.');
		expect(calls).toContainEqual({ method: 'PATCH', path: '/api/memory/p', body: { current: true } });
		expect(store.value?.facts.map(({ id }) => id)).toEqual(['p', 'a', 'b']);
		expect(store.value?.past).toEqual([]);
		await unmount(drawn!);
		draw(Facts, { facts: store.value!.facts, label: 'True now', profile: store });
		await press('This is over: Sentence p.');
		expect(calls).toContainEqual({ method: 'PATCH', path: '/api/memory/p', body: { current: false } });
	});

	// Promise: Escape closes a form and keeps what was typed in it; “Cancel” does not.
	it('keeps what was typed', async () => {
		const store = await known();
		draw(Facts, { facts: store.value!.facts, label: 'True now', profile: store });
		const area = () => document.querySelector('textarea');
		await press('Correct: Sentence a.');
		area()!.value = 'I live in Por';
		area()!.dispatchEvent(new Event('input', { bubbles: true }));
		area()!.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
		await settled();
		expect(area()).toBeNull();
		await press('Correct: Sentence a.');
		expect(area()!.value).toBe('I live in Por');
		await press('Cancel');
		await press('Correct: Sentence a.');
		expect(area()!.value).toBe('Sentence a.');
	});

	// Promise: an answer that was on its way does not bring back what was forgotten meanwhile.
	it('does not bring back what was forgotten', async () => {
		const store = await known();
		let arrive: (answer: unknown) => void = () => {};
		vi.mocked(api.GET).mockImplementationOnce((() => new Promise((resolve) => (arrive = resolve))) as never);
		const late = store.load();
		answers = (method) =>
			method === 'DELETE' ? { status: 204 } : { body: { ...given, facts: [given.facts[1]] } };
		await store.forget('a');
		arrive({ data: given, response: new Response('{}') });
		await late;
		expect(store.value?.facts.map(({ id }) => id)).toEqual(['b']);
	});

	// Promise: with nothing known, the page teaches how that changes, and offers it.
	it('teaches one thing when nothing is known', async () => {
		answers = (_, path) => ({
			body: path.endsWith('/profile')
				? { facts: [], past: [], advice: [], updated_at: null, facts_total: 0, past_total: 0 }
				: { items: [], embedding: null }
		});
		draw(ProfilePage, {});
		await settled();
		expect(seen()).toContain('Nova knows nothing about you yet. By night, when a model is there,');
		expect(button('Look through my conversations now')).toBeDefined();
		expect(button('Add a sentence')).toBeDefined();
	});
});

describe('Nova’s own work, in words', () => {
	// Promise: every kind and state is in words; a new one is shown as it is named and breaks nothing.
	it('says what it is and how it stands', () => {
		expect(jobs.jobTitle(job('1'))).toBe('Look through “Lisbon”');
		for (const kind of ['promote', 'distil', 'reflect'] as const)
			expect(jobs.jobTitle({ kind, session_title: null })).not.toBe(kind);
		expect(jobs.jobTitle({ kind: 'dream' as never, session_title: null })).toBe('dream');
		for (const state of ['waiting', 'running', 'done', 'failed', 'held'] as const)
			expect(jobs.standingOf(job('1', { state })).words).not.toBe(state);
		expect(jobs.canRetry(job('1', { attempts: 1 }))).toBe(true);
		expect(jobs.canRetry(job('1'))).toBe(false);
		expect(jobs.canRetry(job('1', { state: 'failed' }))).toBe(true);
	});

	// Promise: what came of it is counted, and what was turned down is not hidden.
	it('says what it made', () => {
		expect(jobs.madeWords(made(2, 1))).toBe('2 facts and 1 summary');
		expect(jobs.madeWords(made(0))).toBeNull();
		expect(jobs.rejectedWords(made(0, 0, 0, 1))).toMatch(/^1 sentence of the model was not kept/);
		expect(jobs.rejectedWords(made(1))).toBeNull();
		draw(JobRow, {
			job: job('1', { state: 'failed', attempts: 5, error: 'Ollama did not answer. Start `ollama serve`.' }),
			onretry: async () => {}
		});
		expect(seen()).toContain('What you said is safe');
		expect(document.querySelector('code')?.textContent).toBe('ollama serve');
		expect(button('Try again: Look through “Lisbon”')).toBeDefined();
	});
});

describe('looking through conversations now', () => {
	const list = (...items: MemoryJob[]) => ({ body: { items, embedding: null } });

	const both = (session_id: string, more: Partial<MemoryJob>, then: Partial<MemoryJob> = more) => [
		job(`${session_id}-distil`, { session_id, ...more }),
		job(`${session_id}-reflect`, { session_id, kind: 'reflect', ...then })
	];
	const begun = (...sessions: string[]) => ({
		status: 202,
		body: {
			job_ids: sessions.flatMap((id) => [`${id}-distil`, `${id}-reflect`]),
			sessions: sessions.length
		}
	});
	const step = async (ms: number) => {
		await vi.advanceTimersByTimeAsync(ms);
		flushSync();
	};

	// Promise: it is followed to its end, in words, and what it made is shown without asking again. What is counted are
	// conversations, however many steps each of them takes.
	it('follows it and tells what came of it', async () => {
		let state: MemoryJob[] = [];
		let ended = 0;
		answers = (method) => (method === 'POST' ? begun('a', 'b') : list(...state));
		const watch = new JobWatch(() => ended++);
		const leave = watch.watch();
		draw(Distil, { jobs: watch });
		await settled();
		state = [...both('a', { state: 'running' }, {}), ...both('b', {})];
		await press('Look through my conversations now');
		expect(seen()).toContain('0 of 2 conversations looked through.');
		const done = { state: 'done', made: made(2, 1) } as const;
		state = [...both('a', done, { state: 'running' }), ...both('b', {})];
		await step(2_000);
		expect(seen()).toContain('0 of 2 conversations looked through.');
		state = [...both('a', done, { state: 'done', made: made(0, 0, 1) }), ...both('b', { state: 'running' })];
		await step(2_000);
		expect(seen()).toContain('1 of 2 conversations looked through.');
		state = [
			...both('a', done, { state: 'done', made: made(0, 0, 1) }),
			...both('b', { state: 'done', made: made(1, 1) }, { state: 'done', made: made(0) })
		];
		await step(2_000);
		expect(seen()).toContain(
			'Nova looked through 2 conversations: 3 facts, 2 summaries, and 1 thought on talking with you.'
		);
		expect(ended).toBe(1);
		const asked = calls.length;
		await step(120_000);
		expect(calls.length).toBe(asked);
		leave();
	});

	// Promise: what is held is not called a failure: it is still to come, goes on by itself, and is asked for seldom.
	it('says what it is held by', async () => {
		const held = both('a', { state: 'held', error: 'The budget of today is used up.' });
		answers = (method) => (method === 'POST' ? begun('a') : list(...held));
		const watch = new JobWatch();
		const leave = watch.watch();
		draw(Distil, { jobs: watch });
		await settled();
		await press('Look through my conversations now');
		expect(seen()).toContain('0 of 1 conversations looked through.');
		expect(seen()).toContain('The budget of today is used up. It goes on by itself when that is over;');
		const asked = calls.length;
		await step(19_000);
		expect(calls.length).toBe(asked);
		held.forEach((one) => Object.assign(one, { state: 'done', error: null }));
		await step(2_000);
		expect(seen()).toContain('Nova looked through 1 conversation and found nothing new to keep.');
		leave();
	});

	// Promise: one conversation that could not be looked through is one, though two of its jobs failed.
	it('counts what failed by conversation', async () => {
		answers = (method) =>
			method === 'POST'
				? begun('a', 'b')
				: list(...both('a', { state: 'failed' }), ...both('b', { state: 'done' }));
		const watch = new JobWatch();
		await watch.distil();
		expect(watch.outcome).toMatch(/^1 conversation could not be looked through\. It is safe\./);
	});

	// Promise: reading is followed while there is something to read: soon while it goes on, seldom while it stands
	// still; when everything is read, what is shown of it elsewhere is asked again.
	it('follows how far reading is', async () => {
		let ended = 0;
		let embedding: { done: number; total: number } | null = { done: 1, total: 9 };
		answers = () => ({ body: { items: [], embedding } });
		const watch = new JobWatch(() => ended++);
		const leave = watch.watch();
		await step(0);
		embedding = { done: 5, total: 9 };
		await step(2_000);
		expect(watch.value?.embedding?.done).toBe(5);
		await step(2_000);
		const asked = calls.length;
		await step(19_000);
		expect(calls.length).toBe(asked);
		expect(ended).toBe(0);
		embedding = null;
		await step(1_000);
		expect(ended).toBe(1);
		await step(120_000);
		expect(calls.length).toBe(asked + 1);
		leave();
	});

	// Promise: only a conversation that can be opened is linked to; the name of what was stored by a program is no link.
	it('links only to conversations', async () => {
		const onretry = async () => {};
		draw(JobRow, { job: job('1', { conversation: false, session_title: 'diary' }), onretry });
		expect(document.querySelector('a')).toBeNull();
		await unmount(drawn!);
		draw(JobRow, { job: job('1'), onretry });
		expect(document.querySelector('a')?.getAttribute('href')).toBe('/chat/s');
	});

	// Promise: a model that is away is not pressed, and one is told that nothing is lost and when it goes on.
	it('says when it waits for its next try', async () => {
		const stuck = job('1', {
			attempts: 1,
			error: 'The model did not answer.',
			due_at: new Date(NOW.getTime() + 300_000).toISOString()
		});
		answers = (method) =>
			method === 'POST' ? { status: 202, body: { job_ids: ['1'], sessions: 1 } } : list(stuck);
		const watch = new JobWatch();
		const leave = watch.watch();
		draw(Distil, { jobs: watch });
		await settled();
		await press('Look through my conversations now');
		expect(seen()).toMatch(
			/The model did not answer\. It is tried again in 5 minutes; your conversations are safe/
		);
		const asked = calls.length;
		await vi.advanceTimersByTimeAsync(19_000);
		expect(calls.length).toBe(asked);
		leave();
	});

	// Promise: where there is no model, that is explained, and not called a failure.
	it('explains that there is no model', async () => {
		answers = (method) =>
			method === 'POST' ? { status: 409, body: { code: 'distil_off', error: 'Off.' } } : list();
		const watch = new JobWatch();
		draw(Distil, { jobs: watch });
		await press('Look through my conversations now');
		expect(seen()).toContain('none is set up on this server');
		expect(document.querySelector('[role="alert"]')).toBeNull();
	});

	// Promise: with nothing waiting, it says so instead of waiting for something that never comes.
	it('says that nothing waits', async () => {
		answers = (method) => (method === 'POST' ? { status: 202, body: { job_ids: [], sessions: 0 } } : list());
		const watch = new JobWatch();
		draw(Distil, { jobs: watch });
		await press('Look through my conversations now');
		expect(seen()).toContain('Nothing waits.');
	});
});

describe('the days behind', () => {
	// Promise: days are those the server counts, and are named as one speaks of them.
	it('names days and counts what was said', () => {
		expect(dayTitle('2026-11-22', NOW)).toBe('Today');
		expect(dayTitle('2026-11-21', new Date('2026-11-22T00:10:00Z'))).toBe('Yesterday');
		expect(dayTitle('2026-11-17', NOW)).toMatch(/^Tuesday, .*17/);
		expect(dayWords({ turns: 12, promoted: 3, facts: 1 })).toBe(
			'12 turns, 3 kept for good, 1 fact written down'
		);
		expect(dayWords({ turns: 0, promoted: 1, facts: 0 })).toBe('1 kept for good');
		expect(hasShown({ date: '2026-11-17', turns: 0, promoted: 0, facts: 0, sessions: [] })).toBe(false);
		expect(sessionTitle({ title: null, kind: 'conversation' })).toBe('A conversation without a title');
	});

	// Promise: what Nova wrote is never shown as if the person had said it.
	it('tells what was said from what was written down', () => {
		expect(whoseWords(fact('a'))).toBe('Fact');
		expect(whoseWords(fact('a', { kind: 'turn' }))).toBe('You');
		expect(whoseWords(fact('a', { kind: 'turn', speaker: 'assistant' }))).toBe('Nova');
	});

	// Promise: how long something stays is a word, not a colour; only a conversation is a link to one.
	it('marks tiers in words', async () => {
		const session = {
			session_id: 's',
			title: 'Lisbon',
			kind: 'conversation' as const,
			memories: 2,
			summary: null,
			highlights: [fact('a', { kind: 'turn' }), fact('b', { kind: 'turn', tier: 'itm' })]
		};
		const said = draw(Session, { session });
		expect(said).toContain('For good');
		expect(said).toContain('Searchable');
		expect(said).toContain('There is no summary of it.');
		expect(document.querySelector('h3 a')?.getAttribute('href')).toBe('/chat/s');
		await unmount(drawn!);
		draw(Session, { session: { ...session, kind: 'stored' } });
		expect(document.querySelector('h3 a')).toBeNull();
	});

	// Promise: older days come under those there are, and where they fail the ones there are stay.
	it('shows more', async () => {
		const day = (date: string) => ({ date, turns: 1, promoted: 0, facts: 0, sessions: [] });
		answers = () => ({ body: { days: [day('2026-11-22')], next_before: '2026-11-22' } });
		draw(TimelinePage, {});
		await settled();
		answers = () => ({ status: 500, body: { error: 'It failed.', code: 'internal' } });
		await press('Show more');
		expect(seen()).toContain('Today');
		expect(seen()).toContain('What is shown was true before.');
		answers = () => ({ body: { days: [day('2026-11-21')], next_before: null } });
		await press('Try again');
		expect([...document.querySelectorAll('h2')].map((one) => one.textContent)).toEqual([
			'Today',
			'Yesterday'
		]);
		expect(seen()).toContain('This is where it began.');
	});
});

describe('the picture over time', () => {
	const weeks = [week('2026-11-09', 90), week('2026-11-16', 120, { forgotten: 0 })];

	// Promise: all that is drawn is said in words and stands in a table.
	it('says what is drawn', () => {
		expect(weekNumbers(weeks[1]!, 'growth', NOW)).toMatch(
			/^Week of .*16.*: 120 in all, 40 of them for good$/
		);
		expect(plotSummary(weeks, 'growth', NOW)).toMatch(/from 90 to 120 memories, 40 of them for good/);
		expect(plotSummary(weeks, 'changes', NOW)).toMatch(/6 chosen to stay for good, 1 forgotten/);
		expect(plotSummary([], 'growth')).toBe('Nothing to show.');
		expect(changed(week('2026-11-16', 9, { promoted: 0, forgotten: 0 }))).toBe(false);
		expect(lately(weeks)).toBe(
			'In the last 2 weeks 20 were new, 6 were chosen to stay for good, and 1 was forgotten.'
		);
		const told = { when: 'Week of', many: 'weeks', label: 'Numbers', caption: 'Numbers', first: 1 };
		draw(NumbersTable, { items: weeks, columns: COLUMNS as never, ...told });
		expect([...document.querySelectorAll('tbody tr:first-child td')].map((cell) => cell.textContent)).toEqual(
			['120', '40', '10', '3', '0']
		);
		expect(document.querySelectorAll('tbody tr')).toHaveLength(1);
		button('Show all 2 weeks')?.click();
		flushSync();
		expect(document.querySelectorAll('tbody tr')).toHaveLength(2);
	});

	// Promise: what was forgotten goes down, so that it is told from what was chosen without colour.
	it('draws what was forgotten downwards', () => {
		expect(LAYERS.changes.map(({ of }) => Math.sign(of(weeks[0]!)))).toEqual([1, -1]);
	});

	// Promise: how memories are found is a sentence that says what is missing and that nothing is lost.
	it('says how memories are found', () => {
		const { embedding } = stats;
		expect(picture.meaningWords(embedding)).toBe(
			'Nova finds by meaning with the built-in model; 120 of 4,000 memories are still being read.'
		);
		expect(picture.meaningWords({ ...embedding, waiting: 0 })).toMatch(/all 3,880 memories are read\.$/);
		expect(picture.meaningWords({ ...embedding, provider: 'off', meaning: false })).toMatch(/by words alone/);
		expect(
			picture.meaningWords({ ...embedding, provider: 'ollama', model: 'all-minilm', meaning: false })
		).toMatch(/the model all-minilm of Ollama does not answer\. Nothing is lost/);
		expect(picture.distilWords({ enabled: false, last_at: null, waiting: 3, failed: 0 })).toMatch(
			/switched off/
		);
		expect(picture.distilWords({ enabled: true, last_at: null, waiting: 1, failed: 2 })).toBe(
			'1 conversation waits to be looked through and 2 conversations could not be looked through.'
		);
	});

	// Promise: a share that is there is never said to be none, and one that is not all is never said to be all.
	it('says how much and which', () => {
		expect(picture.totalWords(stats)).toBe('Nova remembers 1,204 things, 360 of them for good.');
		expect(picture.kindsWords(stats.by_kind)).toBe('980 turns of conversations, 1 fact, and 48 summaries');
		expect([picture.share(0, 10), picture.share(1, 1000), picture.share(999, 1000)]).toEqual([
			'none',
			'less than 1\u00a0%',
			'99\u00a0%'
		]);
		const said = draw(Tiers, { tiers: stats.by_tier });
		expect(said).toContain('For good 360 memories, 30\u00a0%'.replace('\u00a0', ' '));
	});

	// Promise: full memory is a word and what to do, before it is full too; without a limit none is drawn.
	it('says how full it is', async () => {
		expect(picture.fillOf({ bytes: 799, limit_bytes: 1000 }).words).toBe('');
		expect(picture.fillOf({ bytes: 800, limit_bytes: 1000 }).words).toBe('Nearly full');
		const said = draw(Room, { stats: { ...stats, bytes: 1000 } });
		expect(said).toContain('Full');
		expect(said).toContain('New turns are not remembered while it is full');
		expect(document.querySelector('a')?.getAttribute('href')).toBe('/memory');
		await unmount(drawn!);
		expect(draw(Room, { stats: { ...stats, limit_bytes: null } })).toContain(
			'Your plan has no limit for it.'
		);
	});
});
