// How memory is kept for everybody: asked when the page opens, and in short steps while something is done.
import { api } from '../../api/client';
import { asApiError, type ApiError } from '../../api/problem';
import type { AdminMemory } from '../../api/types';
import { announce } from '../../ui/announce';
import { ask } from '../ask';
import type { Provider } from './words';

const SOON_MS = 2_000;
const SLOW_MS = 20_000;

export class MemoryOfAll {
	value = $state.raw<AdminMemory | null>(null);
	problem = $state<ApiError | null>(null);
	busy = $state<'first' | null>(null);
	#watching = false;
	#latest = 0;
	#timer: ReturnType<typeof setTimeout> | undefined;

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
		this.busy = 'first';
		try {
			const value = await ask(api.GET('/api/admin/memory'));
			if (mine !== this.#latest) return;
			if (this.value?.embedding.reembedding && !value.embedding.reembedding) announce('Everything was read.');
			[this.value, this.problem] = [value, null];
		} catch (cause) {
			if (mine === this.#latest) this.problem = asApiError(cause);
		}
		if (mine !== this.#latest) return;
		this.busy = null;
		this.#again();
	};

	/** Another model, or none. What was read with the one before is read again. */
	choose = async (provider: Provider, model?: string): Promise<void> => {
		const body = { provider, ...(model ? { model } : {}) };
		const value = await ask(api.POST('/api/admin/memory/embedding', { body }));
		this.#latest++;
		[this.value, this.problem, this.busy] = [value, null, null];
		this.#again();
	};

	/** How many conversations are looked through now. */
	distil = async (): Promise<number> => {
		const { sessions } = await ask(api.POST('/api/admin/memory/distil'));
		void this.load();
		return sessions;
	};

	#again(): void {
		clearTimeout(this.#timer);
		const working = this.value?.embedding.reembedding || this.value?.distilling.running;
		if (!this.#watching || !working) return;
		const pause = this.problem ? SLOW_MS : SOON_MS;
		this.#timer = setTimeout(() => document.hidden || void this.load(), pause);
	}
}
