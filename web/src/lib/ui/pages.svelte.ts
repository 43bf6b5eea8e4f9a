// A list that comes page by page, newest first. Only the newest question counts; the one before is called off.
import { asApiError, type ApiError } from '../api/problem';

export interface Slice<T> {
	items: T[];
	next_before?: string | null;
}
export interface Cut {
	limit: number;
	before?: string;
}

export class Pages<T extends { id: string }, S extends Slice<T> = Slice<T>> {
	items = $state.raw<T[]>([]);
	/** The newest answer as a whole, for what it says besides its items. */
	answer = $state.raw<S | null>(null);
	next = $state<string | null>(null);
	busy = $state<'first' | 'more' | null>(null);
	problem = $state<ApiError | null>(null);

	#fetch: (cut: Cut, signal: AbortSignal) => Promise<S>;
	#limit: number;
	#asking: AbortController | null = null;
	#failed: string | null = null;

	constructor(fetch: (cut: Cut, signal: AbortSignal) => Promise<S>, limit = 50) {
		this.#fetch = fetch;
		this.#limit = limit;
	}

	load = (): Promise<void> => this.#ask(null);
	more = (): Promise<void> => this.#ask(this.next);
	/** The question that failed, once more. */
	again = (): Promise<void> => this.#ask(this.#failed);

	stop = (): void => {
		this.#asking?.abort();
		this.#asking = null;
		this.busy = null;
	};

	put(item: T): void {
		this.items = this.items.map((one) => (one.id === item.id ? item : one));
	}

	add(item: T): void {
		this.items = [item, ...this.items];
	}

	drop(id: string): void {
		this.items = this.items.filter((one) => one.id !== id);
	}

	async #ask(before: string | null): Promise<void> {
		this.#asking?.abort();
		const asking = (this.#asking = new AbortController());
		this.busy = before ? 'more' : 'first';
		try {
			const cut = { limit: this.#limit, ...(before ? { before } : {}) };
			const answer = await this.#fetch(cut, asking.signal);
			if (this.#asking !== asking) return;
			this.items = before ? [...this.items, ...answer.items] : answer.items;
			this.next = answer.next_before ?? null;
			this.answer = answer;
			this.problem = null;
		} catch (cause) {
			if (this.#asking !== asking) return;
			this.#failed = before;
			this.problem = asApiError(cause);
		}
		this.busy = null;
	}
}
