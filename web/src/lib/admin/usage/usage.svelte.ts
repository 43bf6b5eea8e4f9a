// Who uses what in a number of days. Only the newest question counts; the one before is called off.
import { api } from '../../api/client';
import { asApiError, type ApiError } from '../../api/problem';
import type { UsagePage } from '../../api/types';
import { ask } from '../ask';

/** As many as are listed at first, and as many as the server lists at most. */
export const FIRST = 50;
export const MOST = 1000;

export class WhoUsesWhat {
	answer = $state.raw<UsagePage | null>(null);
	problem = $state<ApiError | null>(null);
	busy = $state<'first' | 'more' | null>(null);
	#listed = FIRST;
	#wanted = { days: 1, limit: FIRST };
	#asking: AbortController | null = null;

	show = (days: number): Promise<void> => this.#ask({ days, limit: FIRST });
	more = (): Promise<void> => this.#ask({ ...this.#wanted, limit: MOST });
	/** The same question once more. */
	load = (): Promise<void> => this.#ask(this.#wanted);

	/** There may be more people than are listed. */
	get cut(): boolean {
		return !!this.answer && this.answer.items.length >= this.#listed && this.#listed < MOST;
	}

	stop = (): void => {
		this.#asking?.abort();
		this.#asking = null;
		this.busy = null;
	};

	async #ask(wanted: { days: number; limit: number }): Promise<void> {
		this.#asking?.abort();
		const asking = (this.#asking = new AbortController());
		this.busy = wanted.limit > FIRST ? 'more' : 'first';
		this.#wanted = wanted;
		try {
			const { signal } = asking;
			const answer = await ask(api.GET('/api/admin/usage', { params: { query: wanted }, signal }));
			if (this.#asking !== asking) return;
			this.#listed = wanted.limit;
			this.answer = answer;
			this.problem = null;
		} catch (cause) {
			if (this.#asking !== asking) return;
			this.problem = asApiError(cause);
		}
		this.busy = null;
	}
}
