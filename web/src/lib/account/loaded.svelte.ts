// Something that is asked of the server when its place in the page appears. Only the newest answer counts.
import { asApiError, type ApiError } from '../api/problem';

export class Loaded<T> {
	value = $state.raw<T | null>(null);
	problem = $state<ApiError | null>(null);
	loading = $state(false);
	#ask: () => Promise<T>;
	#latest = 0;

	constructor(ask: () => Promise<T>) {
		this.#ask = ask;
		void this.load();
	}

	async load(): Promise<void> {
		const mine = ++this.#latest;
		this.loading = true;
		try {
			const value = await this.#ask();
			if (mine === this.#latest) [this.value, this.problem] = [value, null];
		} catch (cause) {
			if (mine === this.#latest) this.problem = asApiError(cause);
		} finally {
			if (mine === this.#latest) this.loading = false;
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
