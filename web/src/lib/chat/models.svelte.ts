// Which models can answer, and what to do when none can.
import { api, take } from '../api/client';
import { asApiError, type ApiError } from '../api/problem';
import type { Models } from '../api/types';

export class ModelChoice {
	list = $state<Models | null>(null);
	problem = $state<ApiError | null>(null);
	checking = $state(false);

	/** No model can answer now. */
	readonly missing = $derived(!!this.list && (this.list.provider === 'none' || !!this.list.problem));

	async check(): Promise<void> {
		this.checking = true;
		try {
			this.list = await take(api.GET('/api/chat/models'));
			this.problem = null;
		} catch (cause) {
			this.problem = asApiError(cause);
		} finally {
			this.checking = false;
		}
	}
}
