// What Nova does with one's memories by itself: asked when the page opens, and in steps while something is done.
import { api, take } from '../../api/client';
import type { MemoryJob, MemoryJobs } from '../../api/types';
import { announce } from '../../ui/announce';
import { plural } from '../../ui/time';
import { Watched } from '../../ui/watched.svelte';
import { allMade, isNear, isOpen, isStuck, madeWords, sessionsOf } from './words';

const SOON_MS = 2_000;
const SLOW_MS = 20_000;
/** More than one press begins. */
const MANY = 500;

interface Followed {
	ids: ReadonlySet<string>;
	sessions: number;
}

export class JobWatch extends Watched<MemoryJobs> {
	/** Conversations that are looked through because one asked for it here. */
	followed = $state.raw<Followed | null>(null);
	/** What came of it. */
	outcome = $state<string | null>(null);
	readonly items = $derived<readonly MemoryJob[]>(this.value?.items ?? []);
	readonly mine = $derived(this.items.filter(({ id }) => this.followed?.ids.has(id)));
	readonly open = $derived(this.mine.filter(isOpen));
	/** So many conversations are through: there may be several jobs of one. */
	readonly through = $derived(Math.max(0, (this.followed?.sessions ?? 0) - sessionsOf(this.open)));
	/** One of them waits for something: for its next try, or until what holds it is over. */
	readonly stuck = $derived(this.open.find(isStuck) ?? null);

	/** How far reading was when it was asked last did not change since. */
	#still = false;
	#onended: () => void;

	/** `onended`: what was asked for here is done, or every memory is read. */
	constructor(onended: () => void = () => {}) {
		super();
		this.#onended = onended;
	}

	/** Looks through what waits now. Refusals are the caller's to show. */
	distil = async (): Promise<void> => {
		this.outcome = null;
		const { job_ids, sessions } = await take(api.POST('/api/memory/distil', { body: {} }));
		if (!job_ids.length) return this.#tell('Every conversation was looked through already. Nothing waits.');
		this.followed = { ids: new Set(job_ids), sessions };
		await this.load();
	};

	retry = async (job: MemoryJob): Promise<void> => {
		await take(api.POST('/api/memory/jobs/{id}/retry', { params: { path: { id: job.id } } }));
		await this.load();
	};

	protected ask(): Promise<MemoryJobs> {
		return take(api.GET('/api/memory/jobs', { params: { query: { limit: MANY } } }));
	}

	protected override changed(before: MemoryJobs | null): void {
		const reading = this.value?.embedding;
		this.#still = !!reading && before?.embedding?.done === reading.done;
		const ended = this.#settle();
		if (ended || (before?.embedding && !reading)) this.#onended();
	}

	/** A server that does not answer is not pressed, nor one that waits for something itself. */
	protected pause(): number {
		const { followed, open, items } = this;
		const reading = this.value?.embedding;
		const near = items.filter((job) => isNear(job, Date.now()));
		const moves = (reading && !this.#still) || [...open, ...near].some((job) => !isStuck(job));
		if (moves && !this.problem) return SOON_MS;
		return followed || reading || near.length ? SLOW_MS : 0;
	}

	/** Whether all that was asked for here is done; then what came of it is told. */
	#settle(): boolean {
		if (!this.followed || this.open.length) return false;
		const [{ sessions }, jobs] = [this.followed, this.mine];
		this.followed = null;
		const failed = sessionsOf(jobs.filter(({ state }) => state !== 'done'));
		const made = madeWords(allMade(jobs));
		const through = `Nova looked through ${plural(sessions - failed, 'conversation')}`;
		if (failed)
			this.#tell(
				`${plural(failed, 'conversation')} could not be looked through. ${failed === 1 ? 'It is' : 'They are'} safe. The page “Picture” says why, and tries again.`
			);
		else this.#tell(made ? `${through}: ${made}.` : `${through} and found nothing new to keep.`);
		return true;
	}

	#tell(words: string): void {
		this.outcome = words;
		announce(words);
	}
}
