// What an administrator should know about the server's data, in the order of how much it matters. Pure.
import type { StorageState } from '../api/types';
import { plural } from '../ui/time';

export interface Concern {
	kind: 'read_only' | 'damage' | 'held' | 'unchecked' | 'backup_failed' | 'backup_old' | 'file_system';
	/** Something is lost or refused now, as against something that may be one day. */
	grave: boolean;
	says: string;
	/** The same in few words, where a link leads to the rest. */
	brief?: string;
	/** What to do about it. */
	todo?: string;
	since?: string;
}

/** A nightly backup older than this was missed. */
const OLD_MS = 48 * 3_600_000;

const clause = (words: string | null | undefined): string => (words ?? '').trim().replace(/\.$/, '');
const because = (words: string | null | undefined): string => (clause(words) ? `: ${clause(words)}` : '');

/** Everything there is to say; empty when all is well. */
export function concernsOf(state: StorageState, now = Date.now()): Concern[] {
	const all = [readOnly(state), damage(state), held(state), backup(state, now), fileSystem(state)];
	return all.filter((concern) => concern !== null);
}

/** What stands on every page. Where the data lies does not change from one day to the next: it is on the server's. */
export const bannersOf = (state: StorageState, now = Date.now()): Concern[] =>
	concernsOf(state, now).filter((concern) => concern.kind !== 'file_system');

export const summary = (concerns: readonly Concern[]): string =>
	concerns.length === 0
		? 'Everything is well.'
		: `${plural(concerns.length, 'thing')} ${concerns.length === 1 ? 'needs' : 'need'} looking after.`;

function readOnly({ writing }: StorageState): Concern | null {
	if (writing.state !== 'read_only') return null;
	const full = /\b(full|quota|no space)\b/i.test(writing.reason ?? '');
	const todo = full
		? 'Free disk space at the data directory. Saving goes on by itself within seconds.'
		: 'See that the disk of the data directory can be read and written. Saving goes on by itself within seconds.';
	return {
		kind: 'read_only',
		grave: true,
		says: `Nothing new can be saved${because(writing.reason)}. Reading goes on.`,
		todo,
		...(writing.since ? { since: writing.since } : {})
	};
}

function damage({ last_check: check }: StorageState): Concern | null {
	if (!check || (check.ok && check.findings === 0)) return null;
	const since = check.at;
	if (check.findings === 0)
		return {
			kind: 'unchecked',
			grave: false,
			says: `The last check of the data could not be done${because(check.reason)}.`,
			brief: 'The last check of the data could not be done.',
			since
		};
	const where = check.findings === 1 ? '' : ` in ${plural(check.findings, 'place')}, first`;
	const says = `The last check found damage${where}${because(check.reason)}.`;
	return { kind: 'damage', grave: true, says, brief: 'The last check of the data found damage.', since };
}

function held(state: StorageState): Concern | null {
	if (!state.held) return null;
	return {
		kind: 'held',
		grave: false,
		says: 'This server runs on a copy of its data. What it would send to people is held back.'
	};
}

function backup({ last_backup: last, nightly }: StorageState, now: number): Concern | null {
	if (!last) return null;
	if (!last.ok)
		return {
			kind: 'backup_failed',
			grave: false,
			says: `The last backup failed${because(last.reason)}.`,
			brief: 'The last backup failed.',
			since: last.at
		};
	if (!nightly.on || now - Date.parse(last.at) <= OLD_MS) return null;
	return {
		kind: 'backup_old',
		grave: false,
		says: 'The nightly backup is overdue.',
		brief: 'The nightly backup is overdue.',
		since: last.at
	};
}

const AGAINST: [RegExp, string][] = [
	[/^network/, 'a network file system, which promises less about what is stored'],
	[/^overlay/, 'a container’s own layer, which is removed with the container'],
	[/^memory/, 'a file system in memory, which is empty after a restart of the machine']
];

function fileSystem({ file_system: kind }: StorageState): Concern | null {
	const against = AGAINST.find(([name]) => name.test(kind))?.[1];
	if (!against) return null;
	const container = kind.startsWith('overlay') ? ', in a container a volume' : '';
	return {
		kind: 'file_system',
		grave: false,
		says: `The data directory lies on ${against}.`,
		todo: `Move it to a local disk${container}.`
	};
}
