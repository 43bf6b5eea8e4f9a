// One turn as a stream of events that survives a lost connection: open once, resume as often as it takes.
import { asApiError, problemOf, type ApiError } from '../api/problem';
import { readEvents } from '../api/sse';
import type { Quota, RecalledMemory } from '../api/types';
import type { Crossing } from '../usage/quota.svelte';

export interface Context {
	used: number;
	limit: number;
	dropped: number;
}

export type TurnEvent =
	| {
			event: 'start';
			session_id: string;
			turn_id: string;
			user_message_id: string;
			message_id: string;
			model: string | null;
			memories?: RecalledMemory[];
			context?: Context | null;
	  }
	| { event: 'queued'; position: number }
	| { event: 'thinking' | 'delta' | 'snapshot'; content: string }
	| { event: 'policy'; verdict: string; reasons: string[] }
	| ({ event: 'quota' } & Crossing)
	| {
			event: 'done';
			message_id: string;
			tokens_used: number;
			latency_ms: number;
			finish_reason: string;
			/** Absent when it is told again after a restart. */
			quota?: Quota | null;
	  }
	| { event: 'error'; error: string; code: string; resets_at?: string };

export type Connection = 'live' | 'reconnecting';

export interface Turn {
	/** Starts the turn; called again, with the same Idempotency-Key, while no event has arrived. */
	open?: (signal: AbortSignal) => Promise<Response>;
	resume: (turnId: string, lastEventId: string | null, signal: AbortSignal) => Promise<Response>;
	turnId: string | null;
	signal: AbortSignal;
	onEvent: (event: TurnEvent) => void;
	onConnection: (connection: Connection) => void;
}

/** The server sends a heartbeat every 15 s; after this long without a byte the connection is taken for dead. */
const SILENCE_MS = 40_000;
const TRIES_TO_OPEN = 3;
const LONGEST_WAIT_MS = 15_000;

/** Follows a turn to its end. Throws an ApiError when it could not be started or is no longer known. */
export async function followTurn(turn: Turn): Promise<void> {
	let turnId = turn.turnId;
	let lastId: string | null = null;
	let failures = 0;
	while (!turn.signal.aborted) {
		const connection = watched(turn.signal);
		try {
			const response: Response =
				turnId || !turn.open
					? await turn.resume(turnId as string, lastId, connection.signal)
					: await turn.open(connection.signal);
			if (!response.ok || !response.body) throw await problemOf(response);
			turn.onConnection('live');
			for await (const { id, event, data } of readEvents(response.body, connection.alive)) {
				const parsed = { ...JSON.parse(data), event } as TurnEvent;
				if (parsed.event === 'start') turnId = parsed.turn_id;
				else if (id && lastId && Number(id) <= Number(lastId)) continue;
				lastId = id ?? lastId;
				failures = 0;
				turn.onEvent(parsed);
				if (parsed.event === 'done' || parsed.event === 'error') return;
			}
		} catch (cause) {
			if (turn.signal.aborted) return;
			const error = asApiError(cause);
			if (isFinal(error, turnId !== null) || (!turnId && failures + 1 >= TRIES_TO_OPEN)) throw error;
		} finally {
			connection.close();
		}
		failures++;
		turn.onConnection('reconnecting');
		await pause(Math.min(500 * 2 ** (failures - 1), LONGEST_WAIT_MS), turn.signal);
	}
}

/** A refusal that trying again will not change; anything else is the network's or a restarting server's doing. */
function isFinal(error: ApiError, resuming: boolean): boolean {
	return resuming ? [400, 401, 403, 404, 410].includes(error.status) : error.status >= 400;
}

/** A signal that fires when the turn is left or when the connection has gone silent. */
function watched(outer: AbortSignal) {
	const controller = new AbortController();
	let last = Date.now();
	const abort = () => controller.abort();
	const check = () => Date.now() - last > SILENCE_MS && abort();
	const onVisible = () => document.visibilityState === 'visible' && check();
	const timer = setInterval(check, 5_000);
	outer.addEventListener('abort', abort);
	document.addEventListener('visibilitychange', onVisible);
	return {
		signal: controller.signal,
		alive: () => void (last = Date.now()),
		close() {
			clearInterval(timer);
			outer.removeEventListener('abort', abort);
			document.removeEventListener('visibilitychange', onVisible);
			abort();
		}
	};
}

/** Waits, but not longer than until the person looks at the page again or the network is back. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const wake = () => {
			if (document.visibilityState === 'hidden' && !signal.aborted) return;
			finish();
		};
		const finish = () => {
			clearTimeout(timer);
			document.removeEventListener('visibilitychange', wake);
			window.removeEventListener('online', finish);
			signal.removeEventListener('abort', finish);
			resolve();
		};
		const timer = setTimeout(finish, ms);
		document.addEventListener('visibilitychange', wake);
		window.addEventListener('online', finish);
		signal.addEventListener('abort', finish);
	});
}
