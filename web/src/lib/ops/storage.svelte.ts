// How well the server keeps its data: asked every minute while an administrator looks at the page, at once when
// something could not be saved, and in short steps while a backup is being made.
import { getContext, setContext } from 'svelte';
import { api, take } from '../api/client';
import { asApiError, type ApiError } from '../api/problem';
import { onReadOnly } from '../api/refusals';
import type { StorageState } from '../api/types';
import { announce } from '../ui/announce';
import { bannersOf } from './concerns';
import { outcomeOf, UNKNOWN, type Outcome } from './outcome';

const EVERY_MS = 60_000;
const SOON_MS = 1_500;
/** A backup stops a moment before its result is known: so often it is asked for again. */
const TRIES = 6;
const KEY = Symbol('storage');

export class StorageWatch {
	state = $state.raw<StorageState | null>(null);
	/** Why it could not be asked; the state before stays. */
	problem = $state<ApiError | null>(null);
	checking = $state(false);
	/** How the backup ended that was made while one looked on, or why it was not begun. */
	outcome = $state.raw<Outcome | null>(null);
	refused = $state<ApiError | null>(null);
	readonly banners = $derived(this.state ? bannersOf(this.state) : []);

	#followed = $state<{ before: string | null; left: number } | null>(null);
	readonly backingUp = $derived(!!this.#followed);
	#watching = false;
	#latest = 0;
	#timer: ReturnType<typeof setTimeout> | undefined;

	/** Asks from now on, until the returned function is called. */
	watch(): () => void {
		const onVisible = () => document.hidden || void this.check();
		const away = onReadOnly(() => this.checking || void this.check());
		document.addEventListener('visibilitychange', onVisible);
		this.#watching = true;
		void this.check();
		return () => {
			away();
			document.removeEventListener('visibilitychange', onVisible);
			this.#forget();
		};
	}

	async check(): Promise<void> {
		const mine = ++this.#latest;
		clearTimeout(this.#timer);
		this.checking = true;
		try {
			const state = await take(api.GET('/api/admin/storage'));
			if (mine === this.#latest) this.#accept(state);
		} catch (cause) {
			if (mine === this.#latest) this.problem = asApiError(cause);
		}
		if (mine !== this.#latest) return;
		this.checking = false;
		if (this.#watching) this.#timer = setTimeout(() => document.hidden || void this.check(), this.#pause());
	}

	async backUp(): Promise<void> {
		this.refused = null;
		this.#follow();
		try {
			await take(api.POST('/api/admin/storage/backup'));
		} catch (cause) {
			const error = asApiError(cause);
			// One that somebody else began is as good.
			if (error.code !== 'backup_running') {
				this.#followed = null;
				this.refused = error;
				return;
			}
		}
		await this.check();
	}

	/** Says that this copy is now the real one. */
	async adopt(): Promise<void> {
		await take(api.POST('/api/admin/storage/adopt'));
		if (this.state) this.state = { ...this.state, held: false };
		announce('This is the real one now.');
		void this.check();
	}

	#accept(state: StorageState): void {
		const refusedBefore = this.state?.writing.state === 'read_only';
		if (refusedBefore && state.writing.state !== 'read_only') announce('The server can save again.');
		if (state.backup_running && !this.#followed) this.#follow();
		this.state = state;
		this.problem = null;
		if (!this.#followed || state.backup_running) return;
		this.#followed.left--;
		this.outcome = outcomeOf(this.#followed.before, state) ?? (this.#followed.left > 0 ? null : UNKNOWN);
		if (!this.outcome) return;
		this.#followed = null;
		announce(this.outcome.says);
	}

	#follow(): void {
		this.outcome = null;
		this.#followed = { before: this.state?.last_backup?.at ?? null, left: TRIES };
	}

	/** While a backup is followed, soon; but a server that does not answer is not pressed. */
	#pause(): number {
		if (!this.#followed) return EVERY_MS;
		return this.problem ? 10 * SOON_MS : SOON_MS;
	}

	#forget(): void {
		this.#latest++;
		this.#watching = false;
		clearTimeout(this.#timer);
		this.checking = false;
		this.state = this.problem = this.outcome = this.refused = this.#followed = null;
	}
}

export const provideStorage = (): StorageWatch => setContext(KEY, new StorageWatch());
export const useStorage = (): StorageWatch => getContext(KEY);
