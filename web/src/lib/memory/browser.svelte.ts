// What is looked for among what is remembered: words, shelf and filters; the answer comes page by page.
import { api, take } from '../api/client';
import type { Memory, MemoryKind, MemoryPage, MemorySearch, Shelf } from '../api/types';
import { Pages, type Cut } from '../ui/pages.svelte';

/** With what a search found in it, where one was made. */
export type Shown = MemoryPage['items'][number];
export interface Filter {
	tier: Shelf | '';
	kind: MemoryKind | '';
	tag: string;
	session: string;
	pinned: boolean;
	/** Without what is no longer true. */
	current: boolean;
	from: string;
	to: string;
}
export const UNFILTERED: Readonly<Filter> = {
	tier: '',
	kind: '',
	tag: '',
	session: '',
	pinned: false,
	current: false,
	from: '',
	to: ''
};

interface Listed {
	items: Shown[];
	next_before: string | null;
	total: number | null;
	/** How a search was understood. */
	found: MemorySearch | null;
}

/** Only what is set, under the server's names. */
function asked({ tier, kind, tag, session, pinned, current, from, to }: Filter) {
	return {
		...(tier ? { tier } : {}),
		...(kind ? { kind } : {}),
		...(session ? { session_id: session } : {}),
		...(from ? { from } : {}),
		...(to ? { to } : {}),
		...(tag.trim() ? { tag: tag.trim() } : {}),
		...(pinned ? { pinned } : {}),
		...(current ? { current } : {})
	};
}
/** Which a search does not know. */
const BESIDES = ['tag', 'pinned', 'current'];

export class Browser {
	query = $state('');
	filter = $state<Filter>({ ...UNFILTERED });
	readonly words = $derived(this.query.trim());
	/** Filters besides the shelf. */
	readonly narrowed = $derived(Object.keys(asked({ ...this.filter, tier: '' })).length);
	readonly list = new Pages<Shown, Listed>((cut, signal) => this.#ask(cut, signal));

	/** The conversation that runs: it is named, not listed message by message. */
	readonly now = $derived(this.filter.tier === 'stm');

	/** What stands for the question: when it changes, it is asked again. */
	get question(): string {
		return JSON.stringify([this.words, asked(this.filter)]);
	}

	reset(): void {
		this.query = '';
		this.filter = { ...UNFILTERED };
	}

	/** A memory that changed, where it is shown. */
	put(memory: Memory): void {
		const shown = this.list.items.find(({ id }) => id === memory.id);
		if (shown) this.list.put({ ...shown, ...memory });
	}

	/** All that the question finds, up to what can be forgotten at once. */
	async ids(): Promise<string[]> {
		const query = { ...asked(this.filter), ...(this.words ? { q: this.words } : {}), limit: 1000 };
		const { items } = await take(api.GET('/api/memory', { params: { query } }));
		return items.map(({ id }) => id);
	}

	async #ask({ limit, before }: Cut, signal: AbortSignal): Promise<Listed> {
		if (this.now) return { items: [], next_before: null, total: 0, found: null };
		const filter = asked(this.filter);
		if (!this.words) {
			const query = { ...filter, limit, ...(before ? { before } : {}) };
			const page = await take(api.GET('/api/memory', { params: { query }, signal }));
			return { ...page, found: null };
		}
		// A search has no pages: more of it is the same with a higher limit, of which the first are known.
		const known = Number(before ?? 0);
		const most = known + limit;
		if (Object.keys(filter).some((name) => BESIDES.includes(name))) {
			const query = { ...filter, q: this.words, limit: most };
			const { items } = await take(api.GET('/api/memory', { params: { query }, signal }));
			return {
				items: items.slice(known),
				next_before: items.length < most ? null : `${most}`,
				total: null,
				found: null
			};
		}
		const body = { ...filter, query: this.words, limit: most };
		const found = await take(api.POST('/api/memory/search', { body, signal }));
		const whole = found.results.length < most || found.total <= most;
		return {
			items: found.results.slice(known),
			next_before: whole ? null : `${most}`,
			total: found.total,
			found
		};
	}
}
