// Whether this server takes payments, and which plans it has: the same for everybody who asks it. With payments off,
// no page says a word of them.
import type { Plans } from '../../api/types';

class Sale {
	/** Null until it is known. */
	on = $state<boolean | null>(null);
	plans = $state.raw<readonly { name: string; title: string }[]>([]);

	accept({ billing, items }: Pick<Plans, 'billing' | 'items'>): void {
		this.on = billing;
		this.plans = items;
	}

	titleOf = (name: string): string | undefined => this.plans.find((plan) => plan.name === name)?.title;
}

export const sale = new Sale();
