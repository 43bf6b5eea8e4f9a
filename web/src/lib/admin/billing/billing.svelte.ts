// How payments stand, as a whole.
import { api } from '../../api/client';
import { asApiError, type ApiError } from '../../api/problem';
import type { BillingOverview } from '../../api/types';
import { offers } from '../../billing/offers.svelte';
import { ask } from '../ask';

export class Billing {
	overview = $state.raw<BillingOverview | null>(null);
	problem = $state<ApiError | null>(null);
	busy = $state(false);
	/** This server takes no payments. */
	off = $state(false);

	load = async (): Promise<void> => {
		if (this.busy) return;
		this.busy = true;
		try {
			this.overview = await ask(api.GET('/api/admin/billing'));
			this.problem = null;
			this.off = false;
			offers.on = true;
		} catch (cause) {
			const problem = asApiError(cause);
			this.off = problem.status === 404;
			if (this.off) offers.on = false;
			this.problem = this.off ? null : problem;
		} finally {
			this.busy = false;
		}
	};
}
