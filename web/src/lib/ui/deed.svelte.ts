// One thing done at a press of a button: whether it runs, and why it failed.
import { asApiError, type ApiError } from '../api/problem';

export class Deed {
	working = $state(false);
	problem = $state<ApiError | null>(null);

	/** Whether it was done. A second press while it runs does nothing. */
	async run(act: () => Promise<unknown>): Promise<boolean> {
		if (this.working) return false;
		this.working = true;
		this.problem = null;
		try {
			await act();
			return true;
		} catch (cause) {
			this.problem = asApiError(cause);
			return false;
		} finally {
			this.working = false;
		}
	}
}
