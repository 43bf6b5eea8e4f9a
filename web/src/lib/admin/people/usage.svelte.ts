// What one person used, and correcting it.
import { api } from '../../api/client';
import { asApiError, type ApiError } from '../../api/problem';
import type { PersonUsage } from '../../api/types';
import { ask } from '../ask';
import { bodyOf, type Draft } from '../usage/correction';

export const DAYS = 30;

export class OneUsage {
	answer = $state.raw<PersonUsage | null>(null);
	problem = $state<ApiError | null>(null);
	busy = $state<'first' | null>(null);
	readonly #id: string;

	constructor(id: string) {
		this.#id = id;
	}

	load = async (): Promise<void> => {
		this.busy = 'first';
		try {
			const params = { path: { id: this.#id }, query: { days: DAYS } };
			this.answer = await ask(api.GET('/api/admin/users/{id}/usage', { params }));
			this.problem = null;
		} catch (cause) {
			this.problem = asApiError(cause);
		} finally {
			this.busy = null;
		}
	};

	/** Today's figures come back with the correction; the list of days is asked for again. */
	async correct(draft: Draft): Promise<void> {
		const params = { path: { id: this.#id } };
		const { quota } = await ask(
			api.POST('/api/admin/users/{id}/usage/correction', { params, body: bodyOf(draft) })
		);
		if (this.answer) this.answer = { ...this.answer, quota };
		await this.load();
	}
}
