// Corrections that are begun beside an answer, by the memory they are of: they outlive the card they are typed in.
import { SvelteMap } from 'svelte/reactivity';

export class Drafts {
	#words = new SvelteMap<string, string>();

	/** What is typed so far; undefined where nothing is begun. */
	of(id: string): string | undefined {
		return this.#words.get(id);
	}

	keep(id: string, words: string): void {
		this.#words.set(id, words);
	}

	drop(id: string): void {
		this.#words.delete(id);
	}
}
