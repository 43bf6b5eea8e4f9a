// Which plans this server has and whether it sells them: the same for everybody who asks it. Where nothing is sold, no
// page says a word of paying.
import { api, take } from '../api/client';
import type { Plans } from '../api/types';

class Offers {
	/** Null until it is known. */
	on = $state<boolean | null>(null);
	plans = $state.raw<readonly { name: string; title: string }[]>([]);
	#asking: Promise<void> | null = null;

	accept({ billing, items }: Pick<Plans, 'billing' | 'items'>): void {
		this.on = billing;
		this.plans = items;
	}

	/** Whoever asks while somebody else waits for the answer waits for the same one. */
	learn = (): Promise<void> =>
		(this.#asking ??= take(api.GET('/api/billing/plans'))
			.then((known) => this.accept(known))
			.finally(() => (this.#asking = null)));

	/** For what leads there only: asked until it is known, and a failure is not told. */
	want(): void {
		if (this.on === null) this.learn().catch(() => {});
	}

	titleOf = (name: string): string | undefined => this.plans.find((plan) => plan.name === name)?.title;
}

export const offers = new Offers();
