// What can be done with what is remembered.
import { api, take } from '../api/client';
import type { ForgetRequest, Forgotten, Memory, MemoryImport, MemoryWhole } from '../api/types';

const at = (id: string) => ({ params: { path: { id } } });

export const look = (id: string): Promise<MemoryWhole> => take(api.GET('/api/memory/{id}', at(id)));

/** A pinned one is kept for good. */
export const pin = (id: string, pinned: boolean): Promise<Memory> =>
	take(api.POST('/api/memory/{id}/pin', { ...at(id), body: { pinned } }));

export const keepForGood = (id: string): Promise<Memory> =>
	take(api.POST('/api/memory/{id}/promote', at(id)));

export const putBack = (id: string): Promise<Memory> => take(api.POST('/api/memory/{id}/demote', at(id)));

export const correct = (id: string, body: { text?: string; tags?: string[] }): Promise<Memory> =>
	take(api.PATCH('/api/memory/{id}', { ...at(id), body }));

export const forget = (id: string): Promise<unknown> => take(api.DELETE('/api/memory/{id}', at(id)));

/** So many ids the server takes at once. */
const AT_ONCE = 1000;

/** Forgets them, or only says what would go. */
export async function forgetMany(what: ForgetRequest, dry = false): Promise<Forgotten> {
	const all = 'ids' in what && what.ids ? what.ids : null;
	const parts: ForgetRequest[] = [];
	if (!all) parts.push(what);
	else
		for (let from = 0; from < all.length; from += AT_ONCE)
			parts.push({ ids: all.slice(from, from + AT_ONCE) });
	const sum: Forgotten = { forgotten: 0, derived: 0, bytes: 0 };
	for (const part of parts) {
		const body = dry ? { ...part, dry_run: true } : part;
		const { forgotten, derived, bytes } = await take(api.POST('/api/memory/forget', { body }));
		sum.forgotten += forgotten;
		sum.derived += derived;
		sum.bytes += bytes;
	}
	return sum;
}

export const store = (body: { text: string; tags: string[]; created_at?: string }): Promise<Memory> =>
	take(api.POST('/api/memory/store', { body }));

/** Lines as the export has them. */
export const bringIn = (lines: string): Promise<MemoryImport> =>
	take(
		api.POST('/api/memory/import', {
			body: lines,
			bodySerializer: (body) => body,
			headers: { 'Content-Type': 'application/x-ndjson' }
		})
	);

export const takeAlong = (): Promise<string> => take(api.GET('/api/memory/export', { parseAs: 'text' }));
