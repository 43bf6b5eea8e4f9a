// What was used in the last so many days. What was asked last counts; what is shown stays until the answer is here.
import { api, take } from '../api/client';
import { asApiError, type ApiError } from '../api/problem';
import type { UsageHistory, UsageStats } from '../api/types';

export const SPANS = [7, 30, 90] as const;
export type Span = (typeof SPANS)[number];

export class Period {
	span = $state<Span>(30);
	history = $state.raw<UsageHistory | null>(null);
	stats = $state.raw<UsageStats | null>(null);
	problem = $state<ApiError | null>(null);
	loading = $state(false);
	#latest = 0;

	/** Nothing was ever used. */
	readonly blank = $derived(!!this.stats && this.stats.since === null);

	load = async (span: Span = this.span): Promise<void> => {
		const mine = ++this.#latest;
		this.span = span;
		this.loading = true;
		const params = { query: { days: span } };
		try {
			const [history, stats] = await Promise.all([
				take(api.GET('/api/usage/history', { params })),
				take(api.GET('/api/usage/stats', { params }))
			]);
			if (mine !== this.#latest) return;
			[this.history, this.stats, this.problem] = [history, stats, null];
		} catch (cause) {
			if (mine === this.#latest) this.problem = asApiError(cause);
		} finally {
			if (mine === this.#latest) this.loading = false;
		}
	};
}
