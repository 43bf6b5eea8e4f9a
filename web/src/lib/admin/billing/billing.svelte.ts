// How payments stand, as a whole.
import { api } from '../../api/client';
import { asApiError, type ApiError } from '../../api/problem';
import type { BillingOverview } from '../../api/types';
import { ask } from '../ask';
import { sale } from './sale.svelte';

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
			sale.on = true;
		} catch (cause) {
			const problem = asApiError(cause);
			this.off = problem.status === 404;
			if (this.off) sale.on = false;
			this.problem = this.off ? null : problem;
		} finally {
			this.busy = false;
		}
	};
}
