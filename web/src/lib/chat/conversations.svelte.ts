// The list of conversations in the rail.
import { getContext, setContext } from 'svelte';
import { api, take } from '../api/client';
import { asApiError, type ApiError } from '../api/problem';
import type { ChatSession } from '../api/types';

const PAGE = 50;
const KEY = Symbol('conversations');

export class Conversations {
	items = $state<ChatSession[]>([]);
	phase = $state<'loading' | 'ready' | 'failed'>('loading');
	problem = $state<ApiError | null>(null);
	nextBefore = $state<string | null>(null);

	async load(more = false): Promise<void> {
		if (!more) this.phase = 'loading';
		this.problem = null;
		try {
			const before = more && this.nextBefore ? { before: this.nextBefore } : {};
			const page = await take(
				api.GET('/api/chat/sessions', { params: { query: { limit: PAGE, ...before } } })
			);
			const known = more ? this.items : [];
			const ids = new Set(known.map((item) => item.id));
			this.items = [...known, ...page.items.filter((item) => !ids.has(item.id))];
			this.nextBefore = page.next_before ?? null;
			this.phase = 'ready';
		} catch (cause) {
			this.problem = asApiError(cause);
			if (!more) this.phase = 'failed';
		}
	}

	find(id: string | null): ChatSession | undefined {
		return this.items.find((item) => item.id === id);
	}

	/** Fetches one conversation anew and puts the list in order; failures leave the list as it was. */
	async refresh(id: string): Promise<void> {
		try {
			this.#put(await take(api.GET('/api/chat/sessions/{id}', { params: { path: { id } } })));
		} catch {
			// The next change or reload brings it up to date.
		}
	}

	async rename(id: string, title: string): Promise<void> {
		this.#put(
			await take(api.PATCH('/api/chat/sessions/{id}', { params: { path: { id } }, body: { title } }))
		);
	}

	/** Whether Nova recalls and remembers in it at all. */
	async remember(id: string, use_memory: boolean): Promise<void> {
		this.#put(
			await take(api.PATCH('/api/chat/sessions/{id}', { params: { path: { id } }, body: { use_memory } }))
		);
	}

	async remove(id: string, keepMemory: boolean): Promise<void> {
		await take(
			api.DELETE('/api/chat/sessions/{id}', {
				params: { path: { id }, query: keepMemory ? { keep_memory: true } : {} }
			})
		);
		this.items = this.items.filter((item) => item.id !== id);
	}

	#put(session: ChatSession): void {
		const others = this.items.filter((item) => item.id !== session.id);
		this.items = [session, ...others].sort((a, b) => b.updated_at.localeCompare(a.updated_at));
	}
}

export const provideConversations = (): Conversations => setContext(KEY, new Conversations());
export const useConversations = (): Conversations => getContext(KEY);
export const titleOf = (session: ChatSession | undefined): string => session?.title || 'New conversation';
