// How memory is kept for everybody: asked when the page opens, and in short steps while something is done.
import { api } from '../../api/client';
import type { AdminMemory } from '../../api/types';
import { announce } from '../../ui/announce';
import { Watched } from '../../ui/watched.svelte';
import { ask } from '../ask';
import type { Provider } from './words';

const SOON_MS = 2_000;
const SLOW_MS = 20_000;

export class MemoryOfAll extends Watched<AdminMemory> {
	/** Another model, or none. What was read with the one before is read again. */
	choose = async (provider: Provider, model?: string): Promise<void> => {
		const body = { provider, ...(model ? { model } : {}) };
		this.put(await ask(api.POST('/api/admin/memory/embedding', { body })));
	};

	/** How many conversations are looked through now. */
	distil = async (): Promise<number> => {
		const { sessions } = await ask(api.POST('/api/admin/memory/distil'));
		void this.load();
		return sessions;
	};

	protected ask(): Promise<AdminMemory> {
		return ask(api.GET('/api/admin/memory'));
	}

	protected override changed(before: AdminMemory | null): void {
		if (before?.embedding.reembedding && !this.value?.embedding.reembedding) announce('Everything was read.');
	}

	/** A server that does not answer, or a model that does not, is not pressed. */
	protected pause(): number {
		const { embedding, distilling } = this.value ?? {};
		if (!embedding?.reembedding && !distilling?.running) return 0;
		return this.problem || (embedding?.trouble && !distilling?.running) ? SLOW_MS : SOON_MS;
	}
}
