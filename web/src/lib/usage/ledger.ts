// The rows that everything is counted from, newest first, in pages.
import { api, take } from '../api/client';
import type { LedgerEntry } from '../api/types';
import { Pages } from '../ui/pages.svelte';

export type LedgerRow = LedgerEntry & { id: string };

export const ledger = (): Pages<LedgerRow> =>
	new Pages<LedgerRow>(async ({ limit, before }, signal) => {
		const query = { limit, ...(before ? { before: Number(before) } : {}) };
		const { items, next_before } = await take(api.GET('/api/usage/ledger', { params: { query }, signal }));
		return {
			items: items.map((item) => ({ ...item, id: String(item.number) })),
			next_before: next_before === null ? null : String(next_before)
		};
	}, 30);
