// What Nova does with one's memories by itself: asked when the page opens, and in short steps while something is done.
import { api, take } from '../../api/client';
import { asApiError, type ApiError } from '../../api/problem';
import type { MemoryJob, MemoryJobs } from '../../api/types';
import { announce } from '../../ui/announce';
import { plural } from '../../ui/time';
import { allMade, isNear, isOpen, madeWords } from './words';

const SOON_MS = 2_000;
const SLOW_MS = 20_000;

interface Followed {
	ids: readonly string[];
	sessions: number;
}

export class JobWatch {
	answer = $state.raw<MemoryJobs | null>(null);
	problem = $state<ApiError | null>(null);
	loading = $state(false);
	/** Conversations that are looked through because one asked for it here. */
	followed = $state.raw<Followed | null>(null);
	/** What came of it. */
	outcome = $state<string | null>(null);
	readonly items = $derived<readonly MemoryJob[]>(this.answer?.items ?? []);
	readonly mine = $derived(this.items.filter(({ id }) => this.followed?.ids.includes(id)));
	readonly left = $derived(this.mine.filter(isOpen).length);
	/** One of them failed and waits for its next try. */
	readonly stuck = $derived(this.mine.find((job) => job.state === 'waiting' && job.attempts > 0) ?? null);

	#watching = false;
	#latest = 0;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#onended: () => void;

	/** `onended`: what was asked for here is done. */
	constructor(onended: () => void = () => {}) {
		this.#onended = onended;
	}

	/** Asks from now on, until the returned function is called. */
	watch(): () => void {
		const onVisible = () => document.hidden || void this.load();
		document.addEventListener('visibilitychange', onVisible);
		this.#watching = true;
		void this.load();
		return () => {
			document.removeEventListener('visibilitychange', onVisible);
			this.#watching = false;
			this.#latest++;
			clearTimeout(this.#timer);
		};
	}

	load = async (): Promise<void> => {
		const mine = ++this.#latest;
		clearTimeout(this.#timer);
		this.loading = true;
		try {
			const answer = await take(api.GET('/api/memory/jobs'));
			if (mine !== this.#latest) return;
			this.answer = answer;
			this.problem = null;
			this.#settle();
		} catch (cause) {
			if (mine === this.#latest) this.problem = asApiError(cause);
		}
		if (mine !== this.#latest) return;
		this.loading = false;
		const pause = this.#pause();
		if (this.#watching && pause) this.#timer = setTimeout(() => document.hidden || void this.load(), pause);
	};

	/** Looks through what waits now. Refusals are the caller's to show. */
	distil = async (): Promise<void> => {
		this.outcome = null;
		const { job_ids, sessions } = await take(api.POST('/api/memory/distil', { body: {} }));
		if (!job_ids.length) return this.#tell('Every conversation was looked through already. Nothing waits.');
		this.followed = { ids: job_ids, sessions };
		await this.load();
	};

	retry = async (job: MemoryJob): Promise<void> => {
		await take(api.POST('/api/memory/jobs/{id}/retry', { params: { path: { id: job.id } } }));
		await this.load();
	};

	#settle(): void {
		if (!this.followed || this.left) return;
		const [{ sessions }, jobs] = [this.followed, this.mine];
		this.followed = null;
		const failed = jobs.filter(({ state }) => state !== 'done').length;
		const made = madeWords(allMade(jobs));
		const through = `Nova looked through ${plural(sessions - failed, 'conversation')}`;
		if (failed)
			this.#tell(
				`${plural(failed, 'conversation')} could not be looked through. They are safe. The page “Picture” says why, and tries again.`
			);
		else this.#tell(made ? `${through}: ${made}.` : `${through} and found nothing new to keep.`);
		this.#onended();
	}

	#tell(words: string): void {
		this.outcome = words;
		announce(words);
	}

	/** How long until it is asked again; a server that does not answer is not pressed. */
	#pause(): number {
		if (this.problem || this.stuck) return SLOW_MS;
		const near = this.answer?.embedding || this.items.some((job) => isNear(job, Date.now()));
		return this.followed || near ? SOON_MS : 0;
	}
}
