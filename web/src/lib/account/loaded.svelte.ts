// Something of the account that is asked of the server when its place in the page appears.
import { asApiError, type ApiError } from '../api/problem';

export class Loaded<T> {
	value = $state.raw<T | null>(null);
	problem = $state<ApiError | null>(null);
	loading = $state(false);
	#ask: () => Promise<T>;

	constructor(ask: () => Promise<T>) {
		this.#ask = ask;
		void this.load();
	}

	async load(): Promise<void> {
		this.loading = true;
		try {
			this.value = await this.#ask();
			this.problem = null;
		} catch (cause) {
			this.problem = asApiError(cause);
		} finally {
			this.loading = false;
		}
	}
}

/** A list of which items are added and removed where it is shown. */
export class LoadedList<T extends { id: string }> extends Loaded<readonly T[]> {
	add(item: T): void {
		this.value = [item, ...(this.value ?? [])];
	}

	drop(id: string): void {
		this.value = this.value?.filter((item) => item.id !== id) ?? null;
	}
}
