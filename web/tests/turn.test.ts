// @vitest-environment jsdom
// The promise guarded here: an answer is followed to its end, whatever the connection does, and no word comes twice.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../src/lib/api/problem';
import { followTurn, type Connection, type TurnEvent } from '../src/lib/chat/turn';

const events = [
	{ event: 'start', turn_id: 't1', session_id: 's', user_message_id: 'u', message_id: 'm', model: 'x' },
	{ event: 'delta', content: 'one ' },
	{ event: 'delta', content: 'two ' },
	{ event: 'delta', content: 'three' },
	{ event: 'done', message_id: 'm', tokens_used: 3, latency_ms: 5, finish_reason: 'stop' }
];

const wire = (from: number, to: number) =>
	events
		.slice(from, to)
		.map(({ event, ...data }, n) => `id: ${from + n + 1}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
		.join('');

const answer = (text: string) => new Response(text, { headers: { 'Content-Type': 'text/event-stream' } });
const refusal = (status: number, code: string) =>
	new Response(JSON.stringify({ error: code, code, correlation_id: 'c' }), { status });

function turn(
	open: (() => Promise<Response>) | null,
	resume: (id: string, last: string | null) => Promise<Response>
) {
	const seen: TurnEvent[] = [];
	const states: Connection[] = [];
	const leave = new AbortController();
	const running = followTurn({
		...(open ? { open } : {}),
		turnId: open ? null : 't1',
		resume,
		signal: leave.signal,
		onEvent: (event) => seen.push(event),
		onConnection: (state) => states.push(state)
	});
	const text = () => seen.map((event) => (event.event === 'delta' ? event.content : '')).join('');
	return { running, seen, states, leave, text };
}

const never = () => Promise.reject(new Error('not expected'));

describe('following a turn', () => {
	beforeEach(() => void vi.useFakeTimers());
	afterEach(() => void vi.useRealTimers());

	const settled = async (running: Promise<void>) => {
		const result = running.then(() => 'done').catch((cause: unknown) => cause);
		await vi.advanceTimersByTimeAsync(60_000);
		return result;
	};

	it('goes to the end in one piece', async () => {
		const it = turn(async () => answer(wire(0, 5)), never);
		expect(await settled(it.running)).toBe('done');
		expect(it.text()).toBe('one two three');
		expect(it.states).toEqual(['live']);
	});

	it('resumes after the last event it has seen', async () => {
		const asked: (string | null)[] = [];
		const it = turn(
			async () => answer(wire(0, 2)),
			async (_, last) => {
				asked.push(last);
				if (asked.length === 1) throw new TypeError('network');
				return answer(wire(Number(last), Number(last) + 2));
			}
		);
		expect(await settled(it.running)).toBe('done');
		expect(asked).toEqual(['2', '2', '4']);
		expect(it.text()).toBe('one two three');
		expect(it.states).toEqual(['live', 'reconnecting', 'reconnecting', 'live', 'reconnecting', 'live']);
	});

	it('opens again with the same request while nothing has arrived', async () => {
		let tries = 0;
		const it = turn(async () => {
			if (++tries < 3) throw new TypeError('network');
			return answer(wire(0, 5));
		}, never);
		expect(await settled(it.running)).toBe('done');
		expect(tries).toBe(3);
	});

	it('gives up opening after three tries', async () => {
		const it = turn(() => Promise.reject(new TypeError('network')), never);
		expect(await settled(it.running)).toMatchObject({ code: 'unreachable' });
	});

	it('takes a refusal for an answer', async () => {
		const it = turn(async () => refusal(429, 'quota_exceeded'), never);
		const cause = await settled(it.running);
		expect(cause).toBeInstanceOf(ApiError);
		expect(cause).toMatchObject({ code: 'quota_exceeded', status: 429 });
	});

	it('keeps resuming while the server restarts, and stops when it no longer knows the turn', async () => {
		let tries = 0;
		const it = turn(null, async () =>
			++tries < 4 ? new Response('', { status: 502 }) : refusal(404, 'not_found')
		);
		expect(await settled(it.running)).toMatchObject({ status: 404 });
		expect(tries).toBe(4);
	});

	it('accepts a replay that counts from the beginning again', async () => {
		const snapshot = 'id: 2\nevent: snapshot\ndata: {"content":"all"}\n\nid: 3\nevent: done\ndata: {}\n\n';
		const it = turn(
			async () => answer(wire(0, 4)),
			async () => answer(wire(0, 1) + snapshot)
		);
		expect(await settled(it.running)).toBe('done');
		expect(it.seen.slice(-2).map((event) => event.event)).toEqual(['snapshot', 'done']);
	});

	it('takes a silent connection for dead', async () => {
		const silent = new ReadableStream<Uint8Array>({
			start: (controller) => controller.enqueue(new TextEncoder().encode(wire(0, 3)))
		});
		const aborting = (signal: AbortSignal) =>
			silent.pipeThrough(new TransformStream(), { signal }) as ReadableStream<Uint8Array>;
		const seen: TurnEvent[] = [];
		const running = followTurn({
			turnId: null,
			open: async (signal) => new Response(aborting(signal)),
			resume: async (_, last) => answer(wire(Number(last), 5)),
			signal: new AbortController().signal,
			onEvent: (event) => seen.push(event),
			onConnection: () => {}
		});
		expect(await settled(running)).toBe('done');
		expect(seen.map((event) => event.event)).toEqual(['start', 'delta', 'delta', 'delta', 'done']);
	});

	it('is quiet when the page turns to something else', async () => {
		const it = turn(async () => answer(wire(0, 2)), never);
		it.leave.abort();
		expect(await settled(it.running)).toBe('done');
	});
});
