// What is looked for among what is remembered: words, shelf and filters; the answer comes page by page.
import { api, take } from '../api/client';
import type { Memory, MemoryKind, MemoryPage, MemorySearch, Shelf } from '../api/types';
import { Pages, type Cut } from '../ui/pages.svelte';
import { dayBegins, dayEnds } from './span';

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
	whole: boolean;
	/** What was asked, whatever is typed and set by now. */
	question: string;
	filter: ReturnType<typeof asked>;
	/** How a search was understood. */
	found: MemorySearch | null;
}

/** Only what is set, under the server's names. Days are those of this clock. */
function asked({ tier, kind, tag, session, pinned, current, from, to }: Filter) {
	const [first, end] = [from && dayBegins(from), to && dayEnds(to)];
	return {
		...(tier ? { tier } : {}),
		...(kind ? { kind } : {}),
		...(session ? { session_id: session } : {}),
		...(first ? { from: first } : {}),
		...(end ? { to: end } : {}),
		...(tag.trim() ? { tag: tag.trim() } : {}),
		...(pinned ? { pinned } : {}),
		...(current ? { current } : {})
	};
}
/** How many the server gives at once. */
const MOST = 1000;
/** What one memory stands on: when it is forgotten or says something else, this one may be gone, or stand otherwise. */
const standsOn = ({ evidence, superseded_by, duplicate_of }: Memory, id: string): boolean =>
	evidence.includes(id) || superseded_by === id || duplicate_of === id;

export class Browser {
	query = $state('');
	filter = $state<Filter>({ ...UNFILTERED });
	readonly words = $derived(this.query.trim());
	/** Filters besides the shelf. */
	readonly narrowed = $derived(Object.keys(asked({ ...this.filter, tier: '' })).length);
	readonly list = new Pages<Shown, Listed>((cut, signal) => this.#ask(cut, signal));

	/** The conversation that runs: it is named, not listed message by message. */
	readonly now = $derived(this.filter.tier === 'stm');

	/** Whether what is shown was searched for, and whether it is all there is. */
	readonly searched = $derived(!!this.list.answer?.found);
	readonly chosen = $derived(
		this.searched || Object.keys(this.list.answer?.filter ?? {}).some((name) => name !== 'tier')
	);

	/** What stands for the question: when it changes, it is asked again. */
	get question(): string {
		return JSON.stringify([this.words, asked(this.filter)]);
	}

	reset(): void {
		this.query = '';
		this.filter = { ...UNFILTERED };
	}

	/** A memory that changed, where it is shown. With its words goes what was made from them. */
	put(memory: Memory): void {
		const shown = this.list.items.find(({ id }) => id === memory.id);
		if (shown) this.list.put({ ...shown, ...memory });
		if (shown?.text !== memory.text) this.#follow(memory.id);
	}

	/** A memory that is not there any more. */
	drop(id: string): void {
		this.list.drop(id);
		this.#follow(id);
	}

	#follow(id: string): void {
		if (this.list.items.some((item) => standsOn(item, id))) void this.list.refresh();
	}

	/** Of a search what is shown; of a list what is shown and all that comes after it. */
	async ids(): Promise<string[]> {
		const { items, answer, next } = this.list;
		const ids = new Set(items.map(({ id }) => id));
		let before = answer?.found ? null : next;
		while (before) {
			const query = { ...answer?.filter, limit: MOST, before };
			const page = await take(api.GET('/api/memory', { params: { query } }));
			for (const { id } of page.items) ids.add(id);
			before = page.next_before;
		}
		return [...ids];
	}

	async #ask({ limit, before }: Cut, signal: AbortSignal): Promise<Listed> {
		const { question } = this;
		const filter = asked(this.filter);
		const same = { question, filter, whole: !before };
		if (this.now) return { items: [], next_before: null, total: 0, found: null, ...same };
		if (!this.words) {
			const query = { ...filter, limit, ...(before ? { before } : {}) };
			const page = await take(api.GET('/api/memory', { params: { query }, signal }));
			return { ...page, found: null, ...same };
		}
		// A search has no pages, and its order may change meanwhile: more of it is all of it again, and longer.
		const most = Math.min(Number(before ?? 0) + limit, MOST);
		const body = { ...filter, query: this.words, limit: most };
		const found = await take(api.POST('/api/memory/search', { body, signal }));
		const more = found.results.length >= most && found.total > most && most < MOST;
		return {
			items: found.results,
			next_before: more ? `${most}` : null,
			total: found.total,
			found,
			...same,
			whole: true
		};
	}
}
