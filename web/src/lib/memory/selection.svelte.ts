// Which memories are chosen, to do the same with all of them.
import { SvelteSet } from 'svelte/reactivity';

export class Selection {
	/** Whether one chooses at all. */
	on = $state(false);
	readonly ids = new SvelteSet<string>();
	#last: string | null = null;

	/** With shift, all from the one chosen before to this one, as they stand. */
	toggle(id: string, order: readonly string[], range: boolean): void {
		const [from, to] = [this.#last === null ? -1 : order.indexOf(this.#last), order.indexOf(id)];
		const chosen = !this.ids.has(id);
		const span =
			range && from >= 0 && to >= 0 ? order.slice(Math.min(from, to), Math.max(from, to) + 1) : [id];
		for (const one of span) {
			if (chosen) this.ids.add(one);
			else this.ids.delete(one);
		}
		this.#last = id;
	}

	all(order: readonly string[]): void {
		for (const id of order) this.ids.add(id);
	}

	/** What is not shown any more is not chosen any more. */
	keep(order: readonly string[]): void {
		const shown = new Set(order);
		for (const id of [...this.ids]) if (!shown.has(id)) this.ids.delete(id);
	}

	clear(): void {
		this.ids.clear();
		this.#last = null;
	}

	end(): void {
		this.clear();
		this.on = false;
	}
}
