// A list that comes page by page, newest first. Only the newest question counts; the one before is called off.
import { asApiError, type ApiError } from '../api/problem';
import { distinct } from './distinct';

export interface Slice<T> {
	items: T[];
	next_before?: string | null;
	/** How many there are in all, where that is known. */
	total?: number | null;
	/** It begins anew and takes the place of what is shown, instead of going on from there. */
	whole?: boolean;
}
export interface Cut {
	limit: number;
	before?: string;
}

/** No list of the server gives more at once. */
const MOST = 1000;

export class Pages<T extends { id: string }, S extends Slice<T> = Slice<T>> {
	items = $state.raw<T[]>([]);
	/** The newest answer as a whole, for what it says besides its items. */
	answer = $state.raw<S | null>(null);
	next = $state<string | null>(null);
	/** How many there are in all, as the page that counted them said; null where that is not known. */
	total = $state<number | null>(null);
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
	/** As many as are shown, from the first: who has gone far down stays there. */
	refresh = (): Promise<void> => this.#ask(null, Math.min(Math.max(this.#limit, this.items.length), MOST));
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
		this.#count(1);
		this.items = distinct([item, ...this.items]);
	}

	drop(id: string): void {
		const left = this.items.filter((one) => one.id !== id);
		this.#count(left.length - this.items.length);
		this.items = left;
		// An answer that is on its way does not know of this yet.
		if (this.busy === 'first') void this.refresh();
	}

	#count(by: number): void {
		if (this.total !== null) this.total = Math.max(0, this.total + by);
	}

	async #ask(before: string | null, limit = this.#limit): Promise<void> {
		this.#asking?.abort();
		const asking = (this.#asking = new AbortController());
		this.busy = before ? 'more' : 'first';
		try {
			const cut = { limit, ...(before ? { before } : {}) };
			const answer = await this.#fetch(cut, asking.signal);
			if (this.#asking !== asking) return;
			// What came meanwhile may move what is known into the next page.
			this.items = distinct(before && !answer.whole ? [...this.items, ...answer.items] : answer.items);
			this.next = answer.next_before ?? null;
			// Only the first page counts, as a rule.
			this.total = answer.total ?? (before ? this.total : null);
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
