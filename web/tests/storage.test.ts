// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { api } from '../src/lib/api/client';
import { tellReadOnly } from '../src/lib/api/refusals';
import type { StorageState } from '../src/lib/api/types';
import { bannersOf, concernsOf, summary } from '../src/lib/ops/concerns';
import { outcomeOf } from '../src/lib/ops/outcome';
import { StorageWatch } from '../src/lib/ops/storage.svelte';
import { memorySize, size } from '../src/lib/ui/size';

const now = Date.parse('2026-06-17T12:00:00Z');
const at = '2026-06-17T03:00:00Z';
const made = { at, ok: true, bytes: 98_000_000, path: '/backups/novacore-20260617T030000Z' };
const failed = { at, ok: false, reason: 'the disk is full.', bytes: 0, path: made.path };

const well: StorageState = {
	writing: { state: 'ok' },
	held: false,
	last_backup: made,
	backup_running: false,
	nightly: { on: true, next_at: '2026-06-18T03:00:00Z', keep: 7, dir: '/backups' },
	last_check: { at, ok: true, findings: 0 },
	disk: { live_bytes: 1, journal_bytes: 1, snapshot_bytes: 1, snapshots: 1 },
	text_index: { caught_up: true },
	file_system: 'local'
};
const but = (change: Partial<StorageState>): StorageState => ({ ...well, ...change });
const kinds = (state: StorageState) => bannersOf(state, now).map(({ kind }) => kind);
const only = (change: Partial<StorageState>) => {
	const concerns = concernsOf(but(change), now);
	expect(concerns).toHaveLength(1);
	return concerns[0]!;
};

describe('what an administrator is told on every page', () => {
	it('is nothing when all is well, or young', () => {
		expect(concernsOf(well, now)).toEqual([]);
		expect(concernsOf(but({ last_backup: null, last_check: null }), now)).toEqual([]);
		expect(summary([])).toBe('Everything is well.');
	});

	it('is that nothing can be saved, why, since when and what to do', () => {
		const full = only({ writing: { state: 'read_only', since: at, reason: 'the disk is full' } });
		expect(full).toMatchObject({ kind: 'read_only', grave: true, since: at });
		expect(full.says).toBe('Nothing new can be saved: the disk is full. Reading goes on.');
		expect(full.todo).toMatch(/^Free disk space at the data directory\./);
		const reason = 'the disk cannot be read or written: Input/output error (os error 5)';
		expect(only({ writing: { state: 'read_only', reason } }).todo).not.toMatch(/Free disk space/);
		expect(only({ writing: { state: 'read_only' } }).says).toBe('Nothing new can be saved. Reading goes on.');
	});

	it('is that this is a copy', () => {
		expect(only({ held: true })).toMatchObject({ kind: 'held', grave: false });
	});

	it('is a failed backup, an overdue one only where they are made every night', () => {
		expect(only({ last_backup: failed })).toMatchObject({
			kind: 'backup_failed',
			says: 'The last backup failed: the disk is full.',
			since: at
		});
		const old = { ...made, at: '2026-06-15T11:59:00Z' };
		expect(only({ last_backup: old }).kind).toBe('backup_old');
		expect(kinds(but({ last_backup: old, nightly: { ...well.nightly, on: false } }))).toEqual([]);
	});

	it('tells damage from a check that could not be done', () => {
		const check = { at, ok: false, reason: 'table 3: a row is torn' };
		expect(only({ last_check: { ...check, findings: 1 } })).toMatchObject({
			kind: 'damage',
			grave: true,
			says: 'The last check found damage: table 3: a row is torn.'
		});
		expect(only({ last_check: { ...check, findings: 3 } }).says).toBe(
			'The last check found damage in 3 places, first: table 3: a row is torn.'
		);
		expect(only({ last_check: { ...check, findings: 0 } })).toMatchObject({
			kind: 'unchecked',
			grave: false
		});
	});

	it('stands in the order of how much it matters', () => {
		const state = but({
			writing: { state: 'read_only', reason: 'the disk is full' },
			held: true,
			last_backup: failed,
			last_check: { at, ok: false, findings: 2, reason: 'x' },
			file_system: 'network (nfs)'
		});
		expect(kinds(state)).toEqual(['read_only', 'damage', 'held', 'backup_failed']);
		expect(summary(concernsOf(state, now))).toBe('5 things need looking after.');
		expect(summary(concernsOf(but({ held: true }), now))).toBe('1 thing needs looking after.');
	});

	it('leaves the file system to the page of the server', () => {
		const state = but({ file_system: 'overlay' });
		expect(kinds(state)).toEqual([]);
		expect(concernsOf(state, now)[0]?.todo).toBe('Move it to a local disk, in a container a volume.');
		expect(only({ file_system: 'network (nfs)' }).says).toMatch(/network file system/);
		expect(only({ file_system: 'memory' }).says).toMatch(/in memory/);
	});
});

it('sizes have a unit, the same as in the shell', () => {
	const shown: [number, string][] = [
		[0, '0 bytes'],
		[1, '1 byte'],
		[999, '999 bytes'],
		[1_400, '1.4 kB'],
		[999_999, '999.9 kB'],
		[98_000_000, '98.0 MB'],
		[41_250_000_000, '41.2 GB'],
		[1_500_000_000_000_000, '1500.0 TB']
	];
	for (const [bytes, words] of shown) expect(size(bytes).replace('\u00a0', ' ')).toBe(words);
});

// Promise: what is used of a plan's memory is measured as the plan is, so it is never more than the whole before it is full.
it('memory is measured as plans measure it', () => {
	const GIB = 1024 ** 3;
	const shown: [number, string][] = [
		[1, '1 byte'],
		[1023, '1,023 bytes'],
		[1024, '1 kB'],
		[GIB - 1, '1,023.9 MB'],
		[GIB, '1 GB'],
		[10 * GIB - 1, '9.9 GB'],
		[10 * GIB, '10 GB'],
		[1.5 * GIB, '1.5 GB'],
		[5000 * 1024 * GIB, '5,000 TB']
	];
	for (const [bytes, words] of shown) expect(memorySize(bytes).replace('\u00a0', ' ')).toBe(words);
});

describe('the end of a backup', () => {
	it('is known when it no longer runs and another one is the last', () => {
		expect(outcomeOf(null, but({ backup_running: true }))).toBeNull();
		expect(outcomeOf(at, well)).toBeNull();
		expect(outcomeOf(null, but({ last_backup: null }))).toBeNull();
		expect(outcomeOf('2026-06-16T03:00:00Z', well)).toEqual({
			ok: true,
			says: 'The backup is made and was read back: 98.0\u00a0MB.'
		});
		expect(outcomeOf(null, but({ last_backup: failed }))).toEqual({
			ok: false,
			says: 'The backup failed: the disk is full.'
		});
	});
});

describe('asking the server how it is', () => {
	let hidden = false;
	let answers: StorageState[] = [];
	let storage: StorageWatch;
	let leave = () => {};

	beforeEach(() => {
		vi.useFakeTimers({ now });
		hidden = false;
		answers = [well];
		vi.spyOn(document, 'hidden', 'get').mockImplementation(() => hidden);
		vi.spyOn(api, 'GET').mockImplementation((async () => {
			const data = answers.length > 1 ? answers.shift() : answers[0];
			return { data, response: new Response('{}') };
		}) as never);
		vi.spyOn(api, 'POST').mockImplementation((async () => ({
			response: new Response(null, { status: 202 })
		})) as never);
		storage = new StorageWatch();
		leave = storage.watch();
	});
	afterEach(() => {
		leave();
		vi.restoreAllMocks();
		vi.useRealTimers();
	});
	const asked = () => vi.mocked(api.GET).mock.calls.length;
	const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);

	it('happens every minute while the page is looked at, and when it is looked at again', async () => {
		await later(0);
		expect(asked()).toBe(1);
		await later(120_000);
		expect(asked()).toBe(3);
		hidden = true;
		await later(300_000);
		expect(asked()).toBe(3);
		hidden = false;
		document.dispatchEvent(new Event('visibilitychange'));
		await later(60_000);
		expect(asked()).toBe(5);
	});

	it('happens at once when something could not be saved; the banner goes when it can be again', async () => {
		await later(1_000);
		answers = [but({ writing: { state: 'read_only', reason: 'the disk is full' } }), well];
		tellReadOnly();
		await later(0);
		expect(asked()).toBe(2);
		expect(storage.banners.map(({ kind }) => kind)).toEqual(['read_only']);
		await later(60_000);
		expect(storage.banners).toEqual([]);
	});

	it('ends with the page, and forgets', async () => {
		await later(0);
		leave();
		tellReadOnly();
		await later(300_000);
		expect(asked()).toBe(1);
		expect(storage.state).toBeNull();
	});

	it('follows a backup to its result', async () => {
		answers = [but({ last_backup: null })];
		await storage.check();
		answers = [but({ last_backup: null, backup_running: true }), but({ last_backup: null }), well];
		await storage.check();
		expect(storage.backingUp).toBe(true);
		await later(1_500);
		expect([storage.backingUp, storage.outcome]).toEqual([true, null]);
		await later(1_500);
		expect([storage.backingUp, storage.outcome?.ok]).toEqual([false, true]);
	});

	it('does not wait for ever for a result that never comes', async () => {
		await later(0);
		await storage.backUp();
		expect(storage.backingUp).toBe(true);
		await later(10_000);
		expect([storage.backingUp, storage.outcome?.ok]).toEqual([false, false]);
	});
});
