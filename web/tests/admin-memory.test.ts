// @vitest-environment jsdom
// How memory is kept for everybody: which model finds by meaning, and distilling.
import { flushSync, mount, tick, unmount } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryOfAll } from '../src/lib/admin/memory/memory.svelte';
import MemoryPage from '../src/lib/admin/memory/MemoryPage.svelte';
import * as words from '../src/lib/admin/memory/words';
import { api } from '../src/lib/api/client';
import type { AdminMemory } from '../src/lib/api/types';

const builtin = { provider: 'builtin', model: 'static-minilm-256' };
const ollama = { provider: 'ollama', model: 'all-minilm' };
const decided = { ...builtin, digest: '6f1d', dimension: 256, decided_at: '2026-10-01T00:00:00Z' };
const given: AdminMemory = {
	embedding: {
		provider: 'auto',
		decided,
		candidates: [
			{ ...ollama, available: false, reason: 'Ollama did not answer.' },
			{ ...builtin, available: true, reason: null }
		],
		vectors: 48_000,
		waiting: 211,
		refused: 0,
		reembedding: null,
		difference: null,
		trouble: null,
		failures: 0
	},
	distilling: {
		enabled: true,
		idle: true,
		waiting: 3,
		running: 0,
		failed: 0,
		accepted: 90,
		rejected: 10,
		calls_today: 41,
		tokens_today: 71_300,
		seconds_today: 610,
		outcomes: { accepted: 90, support: 10 },
		budget: { calls: 200, tokens: 400_000, seconds: 1800 },
		last_night_at: null
	}
};
const reading = (done: number): AdminMemory => ({
	...given,
	embedding: { ...given.embedding, reembedding: { done, total: 48_211 } }
});

let state = given;
let refusal: { status: number; body: unknown } | null = null;
let posted: { path: string; body: unknown }[] = [];
let asked = 0;
let drawn: object | null = null;
const seen = () => (document.body.textContent ?? '').replace(/\s+/g, ' ').trim();
const settled = async (ms = 0) => {
	await vi.advanceTimersByTimeAsync(ms);
	await tick();
	flushSync();
};
async function press(name: string): Promise<void> {
	const found = [...document.querySelectorAll('button')]
		.filter((one) => one.textContent?.trim() === name)
		.at(-1);
	if (!found) throw new Error(`There is no button “${name}” in: ${seen()}`);
	found.click();
	await settled();
}

beforeEach(() => {
	vi.useFakeTimers();
	[state, refusal, posted, asked] = [given, null, [], 0];
	vi.spyOn(api, 'GET').mockImplementation((async () => {
		asked++;
		return { data: state, response: new Response('{}') };
	}) as never);
	vi.spyOn(api, 'POST').mockImplementation((async (path: string, init?: { body?: unknown }) => {
		posted.push({ path, body: init?.body });
		if (refusal) return { error: refusal.body, response: new Response(null, { status: refusal.status }) };
		return { data: path.endsWith('distil') ? { sessions: 3 } : state, response: new Response('{}') };
	}) as never);
});
afterEach(async () => {
	if (drawn) await unmount(drawn);
	drawn = null;
	document.body.replaceChildren();
	vi.useRealTimers();
	vi.restoreAllMocks();
});

describe('in words', () => {
	// Promise: which model it is and why is said for every way it may have been decided.
	it('says why it is this model', () => {
		const why = (change: Partial<AdminMemory['embedding']>) =>
			words.whyWords({ ...given.embedding, ...change });
		expect(why({})).toMatch(/^The server chose it/);
		expect(why({ provider: 'builtin' })).toMatch(/^It was asked for/);
		expect(why({ provider: 'ollama' })).toMatch(/keeps to what it decided before/);
		expect(why({ decided: null })).toMatch(/^Nothing is decided yet/);
		expect(why({ provider: 'off', decided: null })).toMatch(/switched off/);
		expect(words.modelWords(ollama)).toBe('all-minilm of Ollama');
		expect(words.providerWords('elsewhere')).toBe('elsewhere');
	});

	// Promise: before it is changed, one knows how much is read again, and that no memory is lost.
	it('says what a change costs', () => {
		const change = words.changeWords(ollama, given.embedding);
		expect(change.title).toBe('Read 48,211 memories again?');
		expect(change.says).toMatch(/all 48,211 are read again.*No memory is lost\./);
		expect(words.changeWords({ provider: 'off', model: '' }, given.embedding).says).toMatch(
			/stops for everybody\. No memory is lost/
		);
		expect(words.changeWords(ollama, { ...given.embedding, vectors: 0, waiting: 0 }).verb).toBe('Use it');
	});

	// Promise: how distilling stands and what it may cost is in words; nothing is divided by nothing.
	it('says how distilling stands', () => {
		const standing = (change: Partial<AdminMemory['distilling']>) =>
			words.distillingStanding({ ...given.distilling, ...change }).words;
		expect(standing({})).toBe('Waits for the night');
		expect(standing({ idle: false })).toBe('Waits for the model');
		expect(standing({ waiting: 0 })).toBe('Nothing waits');
		expect(standing({ failed: 2 })).toBe('2 failed');
		expect(standing({ enabled: false, failed: 2 })).toBe('Off');
		expect(words.yieldWords(given.distilling)).toMatch(/^90 kept, 10 turned down \(10.%\)/);
		expect(words.yieldWords({ ...given.distilling, accepted: 0, rejected: 0 })).toBe(
			'nothing was written yet'
		);
		expect(words.budgetWords(given.distilling)).toBe(
			'41 of 200 calls and 71,300 of 400,000 tokens today; at most 30 minutes at a time'
		);
		expect(words.spent({ ...given.distilling, tokens_today: 400_000 })).toBe(true);
	});
});

describe('the page', () => {
	// Promise: changing the model is asked twice with the count, and a refusal stands where it was asked.
	it('asks twice before everything is read again', async () => {
		drawn = mount(MemoryPage, { target: document.body });
		await settled();
		expect(seen()).toContain('the built-in model (static-minilm-256)');
		await press('Change it');
		expect(seen()).toContain('Not there. Ollama did not answer.');
		await press('Change…');
		expect(seen()).toContain('Choose one first.');
		document.querySelector<HTMLInputElement>('input[type="radio"]')!.click();
		await settled();
		await press('Change…');
		expect(seen()).toContain('Read 48,211 memories again?');
		expect(posted).toEqual([]);
		refusal = {
			status: 409,
			body: { code: 'embedding_unavailable', error: 'Ollama is away. Nothing was changed.' }
		};
		await press('Read everything again');
		expect(seen()).toContain('Ollama is away. Nothing was changed.');
		refusal = null;
		state = reading(10);
		await press('Read everything again');
		expect(posted.at(-1)).toEqual({
			path: '/api/admin/memory/embedding',
			body: { provider: 'ollama', model: 'all-minilm' }
		});
		await settled(500);
		expect(seen()).toContain('10 of 48,211 memories read again.');
	});

	// Promise: reading again is followed while one looks on, and not asked for when nothing happens.
	it('follows reading again to its end', async () => {
		state = reading(100);
		const memory = new MemoryOfAll();
		const leave = memory.watch();
		await settled(4_500);
		expect(asked).toBe(3);
		state = given;
		await settled(2_000);
		await settled(60_000);
		expect(asked).toBe(4);
		leave();
	});

	// Promise: distilling by hand says what it began.
	it('distils now', async () => {
		drawn = mount(MemoryPage, { target: document.body });
		await settled();
		await press('Distil now');
		await settled(200);
		expect(seen()).toContain('3 conversations are looked through now.');
	});
});
