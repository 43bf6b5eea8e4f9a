// How long until a moment, second by second. Made while a component starts; it stops with it.
export class Countdown {
	#now = $state(Date.now());
	#at: () => number;
	/** Seconds; below nothing once it is over. */
	readonly left = $derived.by(() => (this.#at() - this.#now) / 1000);

	/** `at` is a time of this clock. */
	constructor(at: () => number) {
		this.#at = at;
		$effect(() => {
			const end = at();
			this.#now = Date.now();
			const timer = setInterval(() => {
				this.#now = Date.now();
				if (this.#now >= end) clearInterval(timer);
			}, 1000);
			return () => clearInterval(timer);
		});
	}
}
