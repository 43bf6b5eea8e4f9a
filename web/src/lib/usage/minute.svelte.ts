/** A time of this clock that goes on by the minute while a component stands in the page: made where it is set up. */
export class Minute {
	now = $state(Date.now());

	constructor() {
		$effect(() => {
			const timer = setInterval(() => (this.now = Date.now()), 60_000);
			return () => clearInterval(timer);
		});
	}

	past(iso: string): boolean {
		return this.now >= Date.parse(iso);
	}
}
