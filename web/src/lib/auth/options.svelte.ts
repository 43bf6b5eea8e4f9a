// What this server offers to whoever comes to its door. Asked once, when it is first wanted.
import { api, take } from '../api/client';
import { asApiError, type ApiError } from '../api/problem';
import type { AuthOptions } from '../api/types';

class Options {
	value = $state.raw<AuthOptions | null>(null);
	problem = $state<ApiError | null>(null);
	#asking: Promise<void> | null = null;

	/** Asks, unless it is known or being asked. */
	want(): Promise<void> {
		this.#asking ??= this.#ask();
		return this.#asking;
	}

	/** It has changed meanwhile. */
	again(): Promise<void> {
		this.#asking = this.#ask();
		return this.#asking;
	}

	async #ask(): Promise<void> {
		this.problem = null;
		try {
			this.value = await take(api.GET('/api/auth/options'));
		} catch (cause) {
			this.problem = asApiError(cause);
			this.#asking = null;
		}
	}
}

export const options = new Options();
