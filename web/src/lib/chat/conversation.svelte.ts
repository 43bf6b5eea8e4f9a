// One conversation: its messages, the answer being written, and the acts a person can do to it.
import { api, authorised, take } from '../api/client';
import { asApiError, type ApiError } from '../api/problem';
import type { Memory, Message, Quota, RecalledMemory } from '../api/types';
import { session } from '../auth/session.svelte';
import { markdown } from '../markdown/lazy.svelte';
import { uuid } from '../ui/uuid';
import type { Crossing } from '../usage/quota.svelte';
import { keepDraft } from './draft';
import { ChatMessage } from './message.svelte';
import { newestLeaf, pathTo, placeOf, versions } from './tree';
import { followTurn, type Connection, type Context, type TurnEvent } from './turn';

const PAGE = 40;

export interface Listeners {
	/** The server made a conversation for a first message. */
	created: (id: string) => void;
	/** An answer began or ended; the list shows the conversation first, and its title may have changed. */
	changed: (id: string) => void;
	finished: (answer: ChatMessage) => void;
	/** A turn crossed a level of what may be used; and how things stand after it. */
	crossed: (crossing: Crossing) => void;
	counted: (quota: Quota) => void;
}

export class Conversation {
	id = $state<string | null>(null);
	phase = $state<'loading' | 'ready' | 'missing' | 'failed'>('ready');
	problem = $state<ApiError | null>(null);
	/**
	 * A message was refused before it was accepted: its text, for the composer, and why. `again` when sending the
	 * same words later makes sense; an edit is asked again where it stands.
	 */
	refused = $state<{ text: string; error: ApiError; again: boolean } | null>(null);
	/** How the next messages are treated: with memory or off the record, and by which model if not the usual one. */
	useMemory = $state(true);
	model = $state<string | null>(null);
	answering = $state<ChatMessage | null>(null);
	connection = $state<Connection>('live');
	stopping = $state(false);
	context = $state<Context | null>(null);
	olderBefore = $state<string | null>(null);
	/** True when the person has asked something during this visit: then the last question stands at the top. */
	asked = $state(false);

	#messages = $state.raw<ChatMessage[]>([]);
	#leaf = $state<string | null>(null);
	path = $derived(pathTo(this.#messages, this.#leaf));
	#versions = $derived(versions(this.#messages));

	#leave = new AbortController();
	#left = false;
	#user = session.user?.id ?? '';
	#listeners: Listeners;
	#unsent: { text: string; key: string } | null = null;
	#text = '';
	#thinking = '';
	#frame = 0;
	#recalls = 0;

	constructor(id: string | null, listeners: Listeners) {
		this.id = id;
		this.#listeners = listeners;
		if (id) void this.load();
	}

	/**
	 * The page turns to something else. The server goes on writing; coming back attaches again. A message that is
	 * still on its way is not called back.
	 */
	close(): void {
		this.#left = true;
		if (!this.answering || this.answering.turnId) this.#leave.abort();
	}

	async load(): Promise<void> {
		this.phase = 'loading';
		try {
			const [{ items, next_before }] = await Promise.all([this.#history(), markdown.load()]);
			this.#messages = items.map((item) => new ChatMessage(item)).reverse();
			this.olderBefore = next_before ?? null;
			this.phase = 'ready';
			const last = this.#messages.at(-1);
			if (last?.status === 'streaming' && last.turnId) void this.#follow(last, null);
		} catch (cause) {
			this.problem = asApiError(cause);
			this.phase = this.problem.status === 404 ? 'missing' : 'failed';
		}
	}

	async loadOlder(): Promise<void> {
		if (!this.olderBefore) return;
		const { items, next_before } = await this.#history({ before: this.olderBefore });
		const known = new Set(this.#messages.map((message) => message.id));
		const older = items.filter((item) => !known.has(item.id)).map((item) => new ChatMessage(item));
		this.#messages = [...older.reverse(), ...this.#messages];
		this.olderBefore = next_before ?? null;
	}

	send(text: string): Promise<void> {
		const question = new ChatMessage({
			id: `new-${uuid()}`,
			role: 'user',
			content: text,
			parent_id: this.#messages.at(-1)?.id ?? null
		});
		const key = this.#unsent?.text === text ? this.#unsent.key : uuid();
		this.#unsent = { text, key };
		return this.#ask(question, key, '/api/chat/stream', {
			message: text,
			use_memory: this.useMemory,
			...(this.id ? { session_id: this.id } : {}),
			...(this.model ? { model: this.model } : {})
		});
	}

	edit(message: ChatMessage, text: string): Promise<void> {
		const question = new ChatMessage({
			id: `new-${uuid()}`,
			role: 'user',
			content: text,
			parent_id: message.parentId
		});
		return this.#ask(question, uuid(), `/api/chat/messages/${message.id}/edit`, { message: text });
	}

	async regenerate(answer: ChatMessage): Promise<void> {
		if (this.answering) return;
		const again = this.#blankAnswer(answer.parentId);
		this.#append(again);
		const key = uuid();
		await this.#follow(again, (signal) =>
			this.#post(`/api/chat/messages/${answer.id}/regenerate`, {}, key, signal)
		);
	}

	async stop(): Promise<void> {
		const turnId = this.answering?.turnId;
		if (!turnId || this.stopping) return;
		this.stopping = true;
		try {
			await take(api.POST('/api/chat/turns/{id}/stop', { params: { path: { id: turnId } } }));
		} catch (cause) {
			this.problem = asApiError(cause);
			this.stopping = false;
		}
	}

	versions(message: ChatMessage): ChatMessage[] {
		return this.#versions.get(placeOf(message)) ?? [message];
	}

	/** Shows another version of a question or answer and what followed it. */
	show(message: ChatMessage): void {
		this.#leaf = newestLeaf(this.#messages, message.id);
	}

	/** True when an earlier version is on show; the next message continues the newest one. */
	get inThePast(): boolean {
		return this.path.at(-1) !== this.#messages.at(-1);
	}

	/** A memory was forgotten: every answer that used it says so, and what was made from it goes too. */
	markForgotten(memoryId: string): void {
		this.#mark(memoryId, { forgotten: true, text: '' });
	}

	/** A memory was pinned or corrected: every answer that used it shows it as it is now. */
	markChanged({ id, text, pinned, tier }: Memory): void {
		this.#mark(id, { text, pinned, tier });
	}

	#mark(id: string, now: Partial<RecalledMemory>): void {
		for (const message of this.#messages)
			for (const memory of message.memories) if (memory.id === id) Object.assign(memory, now);
		void this.#recall();
	}

	/** What the answers on show used, as it is now: with one memory others may have gone or changed. */
	async #recall(): Promise<void> {
		const mine = ++this.#recalls;
		// Where this fails, what was marked stays marked.
		const now = await this.#history({ limit: this.#messages.length + PAGE }).catch(() => null);
		if (!now || mine !== this.#recalls) return;
		const stored = new Map(now.items.map(({ id, memories }) => [id, memories]));
		for (const message of this.#messages) {
			const memories = stored.get(message.id);
			if (memories?.length) message.memories = memories;
		}
	}

	async #ask(question: ChatMessage, key: string, path: string, body: object): Promise<void> {
		if (this.answering) return;
		this.refused = null;
		this.asked = true;
		const answer = this.#blankAnswer(question.id);
		this.#append(question, answer);
		await this.#follow(answer, (signal) => this.#post(path, body, key, signal), question);
	}

	/** Writes the events of a turn into `answer`, to the end, whatever the connection does. */
	async #follow(
		answer: ChatMessage,
		open: ((signal: AbortSignal) => Promise<Response>) | null,
		question?: ChatMessage
	): Promise<void> {
		void markdown.load();
		this.answering = answer;
		this.connection = 'live';
		this.stopping = false;
		this.problem = null;
		let started = !open;
		try {
			await followTurn({
				...(open ? { open } : {}),
				turnId: answer.turnId,
				resume: (turnId, lastEventId, signal) => this.#resume(turnId, lastEventId, signal),
				signal: this.#leave.signal,
				onConnection: (connection) => (this.connection = connection),
				onEvent: (event) => {
					if (event.event === 'start') {
						started = true;
						this.#started(event, answer, question);
					} else this.#apply(event, answer);
				}
			});
		} catch (cause) {
			const error = asApiError(cause);
			if (!started) this.#refuse(error, question, answer);
			else await this.#recover(answer, error);
		}
		if (this.#leave.signal.aborted) return;
		this.#flush(answer, true);
		this.answering = null;
		this.stopping = false;
		if (!started || !this.id) return;
		this.#listeners.finished(answer);
		this.#listeners.changed(this.id);
	}

	#started(event: Extract<TurnEvent, { event: 'start' }>, answer: ChatMessage, question?: ChatMessage): void {
		this.#text = '';
		this.#thinking = '';
		this.#unsent = null;
		if (question && question.id !== event.user_message_id) question.id = event.user_message_id;
		answer.id = event.message_id;
		answer.parentId = event.user_message_id ?? answer.parentId;
		answer.turnId = event.turn_id;
		answer.model = event.model;
		answer.memories = event.memories ?? answer.memories;
		this.context = event.context ?? null;
		this.#leaf = answer.id;
		const isNew = !this.id;
		this.id = event.session_id;
		if (this.#left) this.#leave.abort();
		if (isNew && !this.#left) this.#listeners.created(event.session_id);
		else if (question) this.#listeners.changed(event.session_id);
	}

	#apply(event: TurnEvent, answer: ChatMessage): void {
		switch (event.event) {
			case 'queued':
				answer.queued = event.position;
				return;
			case 'thinking':
				this.#thinking += event.content;
				break;
			case 'delta':
				this.#text += event.content;
				break;
			case 'snapshot':
				this.#text = event.content;
				this.#flush(answer, true);
				return;
			case 'policy':
				answer.policy = { verdict: event.verdict, reasons: event.reasons };
				return;
			case 'quota':
				if (event.resource === 'memory' && event.level === 100) answer.unremembered = true;
				this.#listeners.crossed(event);
				return;
			case 'done':
				this.#flush(answer, true);
				if (event.quota) this.#listeners.counted(event.quota);
				answer.tokens = event.tokens_used;
				answer.latencyMs = event.latency_ms;
				answer.finishReason = event.finish_reason;
				answer.status = event.finish_reason === 'stopped' ? 'stopped' : 'complete';
				return;
			case 'error':
				this.#flush(answer, true);
				answer.error = event;
				answer.status = event.code === 'interrupted' ? 'interrupted' : 'failed';
				return;
		}
		answer.queued = 0;
		this.#frame ||= document.hidden
			? window.setTimeout(() => this.#flush(answer), 200)
			: requestAnimationFrame(() => this.#flush(answer));
	}

	/** Shows what has arrived. While a resumed turn is replayed, the longer text already on show stays. */
	#flush(answer: ChatMessage, all = false): void {
		this.#frame = 0;
		if (all ? this.#text : this.#text.length >= answer.content.length) answer.content = this.#text;
		if (this.#thinking.length > answer.thinking.length) answer.thinking = this.#thinking;
	}

	/** The message was never accepted: nothing stays in the conversation, the words go back to the composer. */
	#refuse(error: ApiError, question: ChatMessage | undefined, answer: ChatMessage): void {
		this.#messages = this.#messages.filter((message) => message !== answer && message !== question);
		this.#leaf = null;
		if (!question) this.problem = error;
		else {
			const passes = error.status === 503 || error.code === 'rate_limited';
			const again = passes && this.#unsent?.text === question.content;
			this.refused = { text: question.content, error, again };
			keepDraft(this.#user, this.id, question.content);
		}
	}

	/** The turn ran but can no longer be followed: what the server stored is the truth. */
	async #recover(answer: ChatMessage, error: ApiError): Promise<void> {
		const stored = await this.#history()
			.then(({ items }) => items.find((item) => item.id === answer.id))
			.catch(() => undefined);
		this.#text = stored?.content ?? this.#text;
		answer.content = this.#text;
		answer.status = stored && stored.status !== 'streaming' ? stored.status : 'interrupted';
		answer.tokens = stored?.tokens_used ?? null;
		answer.error = stored?.error ?? { code: error.code, error: error.message };
	}

	#append(...messages: ChatMessage[]): void {
		this.#messages = [...this.#messages, ...messages];
		this.#leaf = messages.at(-1)?.id ?? null;
	}

	#blankAnswer(parentId: string | null): ChatMessage {
		return new ChatMessage({
			id: `new-${uuid()}`,
			role: 'assistant',
			content: '',
			parent_id: parentId,
			status: 'streaming'
		});
	}

	#history(query: { limit?: number; before?: string } = {}): Promise<{
		items: Message[];
		next_before?: string | null;
	}> {
		return take(
			api.GET('/api/chat/history/{id}', {
				params: { path: { id: this.id as string }, query: { limit: PAGE, ...query } }
			})
		);
	}

	#post(path: string, body: object, key: string, signal: AbortSignal): Promise<Response> {
		return authorised(
			new Request(path, {
				method: 'POST',
				signal,
				headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream', 'Idempotency-Key': key },
				body: JSON.stringify(body)
			})
		);
	}

	#resume(turnId: string, lastEventId: string | null, signal: AbortSignal): Promise<Response> {
		return authorised(
			new Request(`/api/chat/turns/${turnId}/events`, {
				signal,
				cache: 'no-store',
				headers: { Accept: 'text/event-stream', ...(lastEventId ? { 'Last-Event-ID': lastEventId } : {}) }
			})
		);
	}
}
