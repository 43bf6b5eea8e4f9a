// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ask, onSecondFactor } from '../src/lib/admin/ask';
import { Deed, Sending } from '../src/lib/ui/deed.svelte';
import { Pages, type Cut } from '../src/lib/ui/pages.svelte';
import { People } from '../src/lib/admin/people/people.svelte';
import { OnePerson } from '../src/lib/admin/people/person.svelte';
import { api } from '../src/lib/api/client';
import { ApiError } from '../src/lib/api/problem';

const item = (id: number) => ({ id: String(id) });
const refusal = (status: number, code: string) =>
	Promise.resolve({
		error: { error: 'The server says no.', code, correlation_id: 'c' },
		response: new Response(null, { status })
	});
const gives = <T>(data: T) => Promise.resolve({ data, response: new Response('{}') });

afterEach(() => {
	vi.restoreAllMocks();
	vi.useRealTimers();
});

describe('asking as an administrator', () => {
	// Promise: the demand for a second factor is told once to whoever shows it, wherever it comes from.
	it('tells of the demand for a second factor', async () => {
		const told = vi.fn();
		const away = onSecondFactor(told);
		await expect(ask(refusal(403, 'second_factor_required'))).rejects.toBeInstanceOf(ApiError);
		await expect(ask(refusal(403, 'forbidden'))).rejects.toBeInstanceOf(ApiError);
		away();
		await expect(ask(refusal(403, 'second_factor_required'))).rejects.toBeInstanceOf(ApiError);
		expect(told).toHaveBeenCalledTimes(1);
	});

	// Promise: refusals that matter say what is safe and what to do; all others keep the server's words.
	it('says grave refusals in words', async () => {
		const said = (status: number, code: string) =>
			ask(refusal(status, code)).catch((cause: ApiError) => cause.message);
		expect(await said(409, 'last_administrator')).toMatch(/only administrator.*Nothing was changed/);
		expect(await said(409, 'yourself')).toMatch(/your own account.*another administrator/);
		expect(await said(409, 'invitation_over')).toMatch(/Make a new one/);
		expect(await said(500, 'internal')).toBe('The server says no.');
	});
});

describe('a list that comes page by page', () => {
	// Promise: "show more" continues where the list ended, and the end is known.
	it('goes on where it ended', async () => {
		const asked: Cut[] = [];
		const list = new Pages(async (cut: Cut) => {
			asked.push(cut);
			return cut.before ? { items: [item(1)], next_before: null } : { items: [item(2)], next_before: '2' };
		}, 1);
		await list.load();
		await list.more();
		expect(asked).toEqual([{ limit: 1 }, { limit: 1, before: '2' }]);
		expect(list.items.map(({ id }) => id)).toEqual(['2', '1']);
		expect(list.next).toBeNull();
	});

	// Promise: a question that was superseded is called off, and its late answer changes nothing.
	it('listens to the newest question alone', async () => {
		const waiting: { signal: AbortSignal; answer: (items: { id: string }[]) => void }[] = [];
		const list = new Pages(
			(_: Cut, signal: AbortSignal) =>
				new Promise<{ items: { id: string }[] }>((resolve) =>
					waiting.push({ signal, answer: (items) => resolve({ items }) })
				)
		);
		const first = list.load();
		const second = list.load();
		expect(waiting.map(({ signal }) => signal.aborted)).toEqual([true, false]);
		waiting[1]?.answer([item(2)]);
		await second;
		waiting[0]?.answer([item(1)]);
		await first;
		expect([list.items, list.busy]).toEqual([[item(2)], null]);
	});

	// Promise: a failure keeps what is shown, and trying again asks the question that failed.
	it('keeps what it has when it fails', async () => {
		let fails = false;
		const asked: (string | undefined)[] = [];
		const list = new Pages(async ({ before }: Cut) => {
			asked.push(before);
			if (fails) throw new ApiError(500, { error: 'No.', code: 'internal' });
			return { items: [item(before ? 1 : 2)], next_before: before ? null : '2' };
		});
		await list.load();
		fails = true;
		await list.more();
		expect([list.items.length, list.problem?.message, list.busy]).toEqual([1, 'No.', null]);
		fails = false;
		await list.again();
		expect(asked).toEqual([undefined, '2', '2']);
		expect([list.items.length, list.problem]).toEqual([2, null]);
	});

	// Promise: what was changed here is seen without asking for everything again.
	it('takes changes', async () => {
		const list = new Pages<{ id: string; words: string }>(async () => ({
			items: [{ id: '1', words: 'old' }]
		}));
		await list.load();
		list.add({ id: '2', words: 'new' });
		list.put({ id: '1', words: 'changed' });
		expect(list.items.map(({ words }) => words)).toEqual(['new', 'changed']);
		list.drop('1');
		expect(list.items).toHaveLength(1);
	});
});

describe('searching people', () => {
	let queries: Record<string, unknown>[];
	let people: People;

	beforeEach(() => {
		vi.useFakeTimers();
		queries = [];
		vi.spyOn(api, 'GET').mockImplementation(((_: string, init: { params: { query: never } }) => {
			queries.push(init.params.query);
			return gives({ items: [], total: 0, next_before: null });
		}) as never);
		people = new People();
	});
	afterEach(() => people.stop());

	// Promise: one question after the last key, not one for each; spaces ask nothing.
	it('waits for the last key', async () => {
		for (const text of ['a', 'ad', 'ada']) people.type(text);
		await vi.advanceTimersByTimeAsync(249);
		expect(queries).toEqual([]);
		await vi.advanceTimersByTimeAsync(1);
		people.type('ada ');
		await vi.advanceTimersByTimeAsync(1000);
		expect(queries).toEqual([{ limit: 50, filter: 'all', q: 'ada' }]);
	});

	// Promise: a filter works at once, with what was typed, and nothing is asked after the page is left.
	it('filters at once, and ends with the page', async () => {
		people.type('ada');
		people.narrow('disabled');
		await vi.advanceTimersByTimeAsync(1000);
		expect(queries).toEqual([{ limit: 50, filter: 'disabled', q: 'ada' }]);
		expect(people.asked).toEqual({ q: 'ada', filter: 'disabled' });
		people.type('bo');
		people.stop();
		await vi.advanceTimersByTimeAsync(1000);
		expect(queries).toHaveLength(1);
	});
});

describe('one person', () => {
	const person = { id: 'u', email: 'bo@b.c', role: 'user', disabled: false, sign_ins: 1 };

	// Promise: what was changed is shown as the server now has it, sign-ins included.
	it('is shown as they are after a change', async () => {
		vi.spyOn(api, 'GET').mockReturnValue(gives({ ...person, sessions: [item(1)] }) as never);
		vi.spyOn(api, 'PATCH').mockImplementation(((_: string, init: { body: object }) =>
			gives({ ...person, ...init.body })) as never);
		const one = new OnePerson('u');
		await one.load();
		await one.change({ role: 'admin' });
		expect([one.person?.role, one.person?.sessions.length]).toEqual(['admin', 1]);
		await one.change({ disabled: true });
		expect([one.person?.disabled, one.person?.sessions.length]).toEqual([true, 0]);
	});

	// Promise: a refused deletion leaves the account as it was, and says why.
	it('is not shown as erased before the server said so', async () => {
		vi.spyOn(api, 'DELETE').mockReturnValueOnce(refusal(409, 'last_administrator') as never);
		const one = new OnePerson('u');
		await expect(one.remove()).rejects.toThrow(/only administrator/);
		expect(one.erasing).toBe(false);
		vi.mocked(api.DELETE).mockReturnValueOnce(gives({ status: 'erasing' }) as never);
		await one.remove();
		expect(one.erasing).toBe(true);
	});
});

describe('a deed', () => {
	// Promise: a second press while the first runs does nothing; a failure is kept until the next try.
	it('is done once', async () => {
		const deed = new Deed();
		let finish = () => {};
		const act = vi.fn(() => new Promise<void>((resolve) => (finish = resolve)));
		const first = deed.run(act);
		expect(await deed.run(act)).toBe(false);
		finish();
		expect(await first).toBe(true);
		expect(act).toHaveBeenCalledTimes(1);
		expect(await deed.run(() => Promise.reject(new ApiError(409, { error: 'No.', code: 'x' })))).toBe(false);
		expect(deed.problem?.message).toBe('No.');
		await deed.run(async () => {});
		expect(deed.problem).toBeNull();
	});
});

describe('a form that is sent', () => {
	// Promise: nothing is sent while a field is wrong; a refusal stands at its fields or, where it speaks of none, by itself.
	it('says each problem in one place', async () => {
		const sending = new Sending();
		const refused = (fields?: Record<string, string>) => () =>
			Promise.reject(new ApiError(400, { error: 'No.', code: 'x', fields }));
		const act = vi.fn(async () => {});

		expect(await sending.send({ name: 'Give it a name.' }, act)).toBe(false);
		expect(act).not.toHaveBeenCalled();
		expect(sending.fields['name']).toBe('Give it a name.');

		expect(await sending.send({}, refused())).toBe(false);
		expect(sending.fields).toEqual({});
		expect(sending.unplaced?.message).toBe('No.');

		await sending.send({}, refused({ name: 'Taken.' }));
		expect(sending.fields['name']).toBe('Taken.');
		expect(sending.unplaced).toBeNull();

		await sending.send({}, refused(), () => ({ name: 'This one.' }));
		expect(sending.fields['name']).toBe('This one.');

		expect(await sending.send({}, act)).toBe(true);
		expect(sending.fields).toEqual({});
		expect(sending.unplaced).toBeNull();
	});
});
