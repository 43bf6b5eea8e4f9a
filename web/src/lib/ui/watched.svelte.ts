// Something on the server that is looked at: asked when its place in the page appears and when one comes back to it,
// and again in steps as long as something is done there.
import { asApiError, type ApiError } from '../api/problem';

export abstract class Watched<T> {
	value = $state.raw<T | null>(null);
	/** Why it could not be asked; the value before stays. */
	problem = $state<ApiError | null>(null);
	/** Asked for the first time, or at a press; what is asked again by itself is not shown. */
	loading = $state(false);
	#watching = false;
	#latest = 0;
	#timer: ReturnType<typeof setTimeout> | undefined;

	protected abstract ask(): Promise<T>;
	/** In how many milliseconds it is asked again by itself; 0 is not at all. */
	protected abstract pause(): number;
	/** There is a new value; this is the one before. */
	protected changed(_before: T | null): void {}

	/** Asks from now on, until the returned function is called. */
	watch(): () => void {
		const onVisible = () => document.hidden || void this.#load(false);
		document.addEventListener('visibilitychange', onVisible);
		this.#watching = true;
		void this.load();
		return () => {
			document.removeEventListener('visibilitychange', onVisible);
			this.#watching = false;
			this.#latest++;
			clearTimeout(this.#timer);
		};
	}

	load = (): Promise<void> => this.#load(true);

	/** What the server answered to something else; an older answer that is on its way is not waited for. */
	protected put(value: T): void {
		this.#latest++;
		this.#accept(value);
		this.#settled();
	}

	async #load(shown: boolean): Promise<void> {
		const mine = ++this.#latest;
		clearTimeout(this.#timer);
		this.loading ||= shown;
		try {
			const value = await this.ask();
			if (mine === this.#latest) this.#accept(value);
		} catch (cause) {
			if (mine === this.#latest) this.problem = asApiError(cause);
		}
		if (mine === this.#latest) this.#settled();
	}

	#accept(value: T): void {
		const before = this.value;
		[this.value, this.problem] = [value, null];
		this.changed(before);
	}

	#settled(): void {
		this.loading = false;
		clearTimeout(this.#timer);
		const pause = this.#watching ? this.pause() : 0;
		if (pause) this.#timer = setTimeout(() => document.hidden || void this.#load(false), pause);
	}
}
