// One person, as far as administrators may look: their account and their sign-ins, never what they say.
import { api } from '../../api/client';
import { asApiError, type ApiError } from '../../api/problem';
import type { Person, PersonWhole, PlanStanding } from '../../api/types';
import { ask } from '../ask';

export type Change = {
	disabled?: boolean;
	role?: 'user' | 'admin';
	/** A plan that is given; none of any name takes the given one back. */
	plan?: string;
	plan_until?: string;
	email_verified?: true;
};

export class OnePerson {
	person = $state.raw<PersonWhole | null>(null);
	problem = $state<ApiError | null>(null);
	loading = $state(false);
	/** Their account is closed, and goes away in the background. */
	erasing = $state(false);
	readonly #path: { params: { path: { id: string } } };

	constructor(id: string) {
		this.#path = { params: { path: { id } } };
	}

	load = async (): Promise<void> => {
		this.loading = true;
		this.problem = null;
		try {
			this.person = await ask(api.GET('/api/admin/users/{id}', this.#path));
			this.erasing = this.person.erasing;
		} catch (cause) {
			this.problem = asApiError(cause);
		} finally {
			this.loading = false;
		}
	};

	async change(body: Change): Promise<void> {
		this.#accept(await ask(api.PATCH('/api/admin/users/{id}', { ...this.#path, body })));
	}

	async endSignIns(): Promise<void> {
		await ask(api.POST('/api/admin/users/{id}/end-sessions', this.#path));
		if (this.person) this.person = { ...this.person, sessions: [], sign_ins: 0 };
	}

	async startReset(): Promise<void> {
		await ask(api.POST('/api/admin/users/{id}/start-reset', this.#path));
	}

	/** What the payment service says of their subscription; their plan may be another one then. */
	async resync(): Promise<PlanStanding> {
		const standing = await ask(api.POST('/api/admin/users/{id}/resync', this.#path));
		await this.load();
		return standing;
	}

	async remove(): Promise<void> {
		await ask(api.DELETE('/api/admin/users/{id}', this.#path));
		this.erasing = true;
	}

	/** Whoever is disabled is signed out everywhere by the server. */
	#accept(changed: Person): void {
		const sessions = changed.disabled ? [] : (this.person?.sessions ?? []);
		this.person = { ...changed, sessions };
	}
}
