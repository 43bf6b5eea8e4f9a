// How a backup ended: its result stands in the server's state a moment after it stopped running. Pure.
import type { StorageState } from '../api/types';
import { size } from '../ui/size';

export interface Outcome {
	ok: boolean;
	says: string;
}

/** `before` is when the last backup ended before this one began; null while this one has not ended. */
export function outcomeOf(before: string | null, state: StorageState): Outcome | null {
	const last = state.last_backup;
	if (state.backup_running || !last || last.at === before) return null;
	if (last.ok) return { ok: true, says: `The backup is made and was read back: ${size(last.bytes)}.` };
	const why = (last.reason ?? '').trim().replace(/\.$/, '');
	return { ok: false, says: why ? `The backup failed: ${why}.` : 'The backup failed.' };
}

export const UNKNOWN: Outcome = {
	ok: false,
	says: 'The backup stopped, and how it ended is not known. The server’s log tells it.'
};
