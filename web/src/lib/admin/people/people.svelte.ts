// Searching people: as one types, a moment after the last key; a choice of filter at once.
import { api } from '../../api/client';
import type { PeoplePage, Person } from '../../api/types';
import { ask } from '../ask';
import { Pages } from '../../ui/pages.svelte';
import type { PeopleFilter } from './words';

export const PAUSE_MS = 250;

export class People {
	text = $state('');
	filter = $state<PeopleFilter>('all');
	/** What the list shown was asked with. */
	asked = $state({ q: '', filter: 'all' as PeopleFilter });
	readonly list: Pages<Person, PeoplePage>;
	#timer: ReturnType<typeof setTimeout> | undefined;

	constructor(limit = 50) {
		this.list = new Pages(async (cut, signal) => {
			const q = this.text.trim();
			const { filter } = this;
			const query = { ...cut, filter, ...(q ? { q } : {}) };
			const page = await ask(api.GET('/api/admin/users', { params: { query }, signal }));
			this.asked = { q, filter };
			return page;
		}, limit);
	}

	type(text: string): void {
		const before = this.text.trim();
		this.text = text;
		if (text.trim() === before) return;
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => void this.list.load(), PAUSE_MS);
	}

	narrow(filter: PeopleFilter): void {
		this.filter = filter;
		clearTimeout(this.#timer);
		void this.list.load();
	}

	stop(): void {
		clearTimeout(this.#timer);
		this.list.stop();
	}
}
