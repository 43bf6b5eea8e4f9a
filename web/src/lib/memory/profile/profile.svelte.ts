// What Nova knows about whoever is signed in. Only the newest answer counts; what is shown stays until it is here.
import { api, take } from '../../api/client';
import { asApiError, type ApiError } from '../../api/problem';
import type { Memory, MemoryProfile } from '../../api/types';
import { announce } from '../../ui/announce';
import { correct, forget, setCurrent } from '../acts';

const without = (list: readonly Memory[], id: string): Memory[] => list.filter((one) => one.id !== id);

export class Profile {
	value = $state.raw<MemoryProfile | null>(null);
	problem = $state<ApiError | null>(null);
	loading = $state(false);
	#latest = 0;

	/** Nothing is known and nothing was. */
	readonly blank = $derived(
		!!this.value && !this.value.facts.length && !this.value.past.length && !this.value.advice.length
	);

	load = async (): Promise<void> => {
		const mine = ++this.#latest;
		this.loading = true;
		try {
			const value = await take(api.GET('/api/memory/profile'));
			if (mine !== this.#latest) return;
			[this.value, this.problem] = [value, null];
		} catch (cause) {
			if (mine === this.#latest) this.problem = asApiError(cause);
		} finally {
			if (mine === this.#latest) this.loading = false;
		}
	};

	/** What it replaces is over: the server is asked. */
	add = async (text: string): Promise<void> => {
		const fact = await take(api.POST('/api/memory/profile', { body: { text } }));
		this.#change((value) => ({ ...value, facts: [fact, ...value.facts] }));
		announce('Nova knows this now.');
		void this.load();
	};

	/** What the old words had replaced is true again: the server is asked. */
	correct = async (id: string, text: string): Promise<void> => {
		const fact = await correct(id, { text });
		const put = (list: Memory[]) => list.map((one) => (one.id === id ? fact : one));
		this.#change(({ facts, past, advice, ...rest }) => ({
			...rest,
			facts: put(facts),
			past: put(past),
			advice: put(advice)
		}));
		announce('Corrected.');
		void this.load();
	};

	/** Whether a sentence is still so, or over since now. */
	setCurrent = async (id: string, current: boolean): Promise<void> => {
		const fact = await setCurrent(id, current);
		this.#change(({ facts, past, ...rest }) => ({
			...rest,
			facts: current ? [fact, ...without(facts, id)] : without(facts, id),
			past: current ? without(past, id) : [fact, ...without(past, id)]
		}));
		void this.load();
	};

	/** What it had replaced is true again: the server is asked. */
	forget = async (id: string): Promise<void> => {
		await forget(id);
		this.#change(({ facts, past, advice, ...rest }) => ({
			...rest,
			facts: without(facts, id),
			past: without(past, id),
			advice: without(advice, id)
		}));
		announce('Forgotten.');
		void this.load();
	};

	#change(by: (value: MemoryProfile) => MemoryProfile): void {
		// An answer that is on its way does not know of this yet.
		this.#latest++;
		this.loading = false;
		if (this.value) this.value = by(this.value);
	}
}
