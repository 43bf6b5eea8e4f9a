// What Nova does with memories by itself, in words. Pure; `now` is passed in where it matters.
import type { MemoryJob } from '../../api/types';
import { inWords, plural } from '../../ui/time';
import type { Standing } from '../../ui/tone';

const KINDS: Record<string, string> = {
	promote: 'Choose what stays for good',
	distil: 'Look through a conversation',
	reflect: 'Learn how to talk with you'
};

/** "Look through “Lisbon in October”"; a kind this page does not know is shown as the server names it. */
export function jobTitle({ kind, session_title }: Pick<MemoryJob, 'kind' | 'session_title'>): string {
	if (!session_title) return KINDS[kind] ?? kind;
	if (kind === 'distil') return `Look through “${session_title}”`;
	if (kind === 'promote') return `Choose what stays for good of “${session_title}”`;
	return `${KINDS[kind] ?? kind}: “${session_title}”`;
}

export function standingOf(job: Pick<MemoryJob, 'state' | 'attempts'>): Standing {
	switch (job.state) {
		case 'waiting':
			return { tone: 'wait', words: job.attempts ? 'Failed so far, is tried again' : 'Waiting' };
		case 'running':
			return { tone: 'wait', words: 'Being done now' };
		case 'done':
			return { tone: 'good', words: 'Done' };
		case 'failed':
			return { tone: 'bad', words: 'Given up' };
		case 'held':
			return { tone: 'over', words: 'Held' };
		default:
			return { tone: 'over', words: job.state };
	}
}

/** One that was given up, or one that waits after a failure and need not wait any longer. */
export const canRetry = (job: Pick<MemoryJob, 'state' | 'attempts'>): boolean =>
	job.state === 'failed' || (job.state === 'waiting' && job.attempts > 0);

export type Made = NonNullable<MemoryJob['made']>;

const list = new Intl.ListFormat('en');

/** "2 facts and 1 summary"; nothing where nothing was made. */
export function madeWords({ facts, summaries, reflections }: Made): string | null {
	const parts = [
		facts ? plural(facts, 'fact') : '',
		summaries ? plural(summaries, 'summary', 'summaries') : '',
		reflections ? plural(reflections, 'thought on talking with you', 'thoughts on talking with you') : ''
	].filter(Boolean);
	return parts.length ? list.format(parts) : null;
}

/** What the model wrote that your words do not bear out is not kept, and that is said. */
export const rejectedWords = ({ rejected }: Made): string | null =>
	rejected
		? `${plural(rejected, 'sentence')} of the model ${rejected === 1 ? 'was' : 'were'} not kept: what you said does not bear ${rejected === 1 ? 'it' : 'them'} out.`
		: null;

export const allMade = (jobs: readonly Pick<MemoryJob, 'made'>[]): Made =>
	jobs.reduce<Made>(
		(sum, { made }) => ({
			facts: sum.facts + (made?.facts ?? 0),
			summaries: sum.summaries + (made?.summaries ?? 0),
			reflections: sum.reflections + (made?.reflections ?? 0),
			rejected: sum.rejected + (made?.rejected ?? 0)
		}),
		{ facts: 0, summaries: 0, reflections: 0, rejected: 0 }
	);

/** Still to come; what is held goes on by itself. */
export const isOpen = ({ state }: Pick<MemoryJob, 'state'>): boolean =>
	state === 'waiting' || state === 'running' || state === 'held';

/** It waits for its next try after a failure, or until what holds it is over. */
export const isStuck = ({ state, attempts }: Pick<MemoryJob, 'state' | 'attempts'>): boolean =>
	state === 'held' || (state === 'waiting' && attempts > 0);

/** When one of them goes on. */
export const waitWords = ({ state, due_at }: Pick<MemoryJob, 'state' | 'due_at'>): string =>
	state === 'held'
		? 'It goes on by itself when that is over'
		: `It is tried again ${due_at ? inWords(due_at) : 'by itself'}`;

/** So near that it is worth looking again soon. */
export const isNear = (job: Pick<MemoryJob, 'state' | 'due_at'>, now: number): boolean =>
	job.state === 'running' || (job.state === 'waiting' && Date.parse(job.due_at ?? '') - now < 60_000);

/** In so many conversations: one is looked through in several steps. */
export const sessionsOf = (jobs: readonly Pick<MemoryJob, 'id' | 'session_id'>[]): number =>
	new Set(jobs.map(({ id, session_id }) => session_id ?? id)).size;
