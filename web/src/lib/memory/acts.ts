// What can be done with what is remembered.
import { api, take } from '../api/client';
import { ApiError } from '../api/problem';
import type { ForgetRequest, Forgotten, Memory, MemoryImport, MemoryWhole } from '../api/types';
import { distinct } from '../ui/distinct';

const at = (id: string) => ({ params: { path: { id } } });

/** With what belongs to it, each once: a file that was brought in may name the same twice. */
export async function look(id: string): Promise<MemoryWhole> {
	const found = await take(api.GET('/api/memory/{id}', at(id)));
	return {
		...found,
		evidence_turns: distinct(found.evidence_turns),
		derived: distinct(found.derived),
		supersedes: [...new Set(found.supersedes)].filter((one) => one !== found.superseded_by)
	};
}

/** A pinned one is kept for good. */
export const pin = (id: string, pinned: boolean): Promise<Memory> =>
	take(api.POST('/api/memory/{id}/pin', { ...at(id), body: { pinned } }));

export const keepForGood = (id: string): Promise<Memory> =>
	take(api.POST('/api/memory/{id}/promote', at(id)));

export const putBack = (id: string): Promise<Memory> => take(api.POST('/api/memory/{id}/demote', at(id)));

export const correct = (id: string, body: { text?: string; tags?: string[] }): Promise<Memory> =>
	take(api.PATCH('/api/memory/{id}', { ...at(id), body }));

/** Whether it is still so, or over since now. */
export const setCurrent = (id: string, current: boolean): Promise<Memory> => {
	const body = { current };
	return take(api.PATCH('/api/memory/{id}', { ...at(id), body }));
};

/** One that is not there any more is forgotten, whoever did it. */
export async function forget(id: string): Promise<void> {
	try {
		await take(api.DELETE('/api/memory/{id}', at(id)));
	} catch (cause) {
		if (!(cause instanceof ApiError && cause.status === 404)) throw cause;
	}
}

/** So many ids the server takes at once. */
const AT_ONCE = 1000;

/** What goes; of more than are taken at once, what was made from them is only known to be at most that. */
export interface Going extends Forgotten {
	about?: boolean;
}
/** Forgets them, or only says what would go. `ondone` hears what is gone, whatever fails after that. */
export async function forgetMany(
	what: ForgetRequest,
	dry = false,
	ondone: (sum: Forgotten) => void = () => {}
): Promise<Going> {
	const all = 'ids' in what && what.ids ? what.ids : null;
	const parts: ForgetRequest[] = [];
	if (!all) parts.push(what);
	else
		for (let from = 0; from < all.length; from += AT_ONCE)
			parts.push({ ids: all.slice(from, from + AT_ONCE) });
	const sum: Going = { forgotten: 0, derived: 0, bytes: 0 };
	if (dry && parts.length > 1) sum.about = true;
	for (const part of parts) {
		const body = dry ? { ...part, dry_run: true } : part;
		const { forgotten, derived, bytes } = await take(api.POST('/api/memory/forget', { body }));
		sum.forgotten += forgotten;
		sum.derived += derived;
		sum.bytes += bytes;
		ondone({ ...sum });
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
