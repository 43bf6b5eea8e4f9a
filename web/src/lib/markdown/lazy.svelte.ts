// Markdown is code for answers: it is fetched with the first one, not with the page.
type Drawn = typeof import('./Markdown.svelte').default;

class Lazy {
	/** The component once it is here; until then, and if it never comes, answers are plain text. */
	component = $state.raw<Drawn | null>(null);
	#loading: Promise<void> | null = null;

	load(): Promise<void> {
		this.#loading ??= import('./Markdown.svelte').then(
			(module) => void (this.component = module.default),
			() => void (this.#loading = null)
		);
		return this.#loading;
	}
}

export const markdown = new Lazy();
