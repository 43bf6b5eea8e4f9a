// How much of today is left: asked for after signing in, and told by every answer from then on. Never asked by the clock.
import { getContext, setContext } from 'svelte';
import { api, take } from '../api/client';
import { asApiError, type ApiError } from '../api/problem';
import type { Quota } from '../api/types';
import { levelOf, spokenWarning, warningsOf, type Level } from './warnings';
import type { Limited } from './words';

/** What a turn tells when it crosses a level. */
export interface Crossing {
	resource: Limited;
	level: 80 | 100;
	used: number;
	limit: number;
	percentage: number;
	resets_at?: string | null;
}

const KEY = Symbol('quota');

export class QuotaWatch {
	value = $state.raw<Quota | null>(null);
	problem = $state<ApiError | null>(null);
	loading = $state(false);
	/** The day that `value` tells of has ended. */
	over = $state(false);

	#memory = $state<Level>(0);
	/** This turn was told that it is not remembered. */
	#unremembered = $state(false);
	#dismissed = $state.raw<Partial<Record<Limited, Level>>>({});
	#all = $derived(warningsOf(this.value, this.#memory, this.#unremembered, this.over));
	/** What stands above the composer: dismissed until the next level. */
	readonly warnings = $derived(
		this.#all.filter(({ resource, level }) => level > (this.#dismissed[resource] ?? 0))
	);
	readonly upgrade = $derived(!!this.value?.upgrade);

	#asked = 0;
	#told: Level = 0;
	#unsaid = new Set<Limited>();
	#midnight: ReturnType<typeof setTimeout> | undefined;

	load = async (): Promise<void> => {
		const mine = ++this.#asked;
		this.loading = true;
		try {
			const quota = await take(api.GET('/api/usage/quota'));
			if (mine === this.#asked) this.#put(quota);
		} catch (cause) {
			if (mine === this.#asked) this.problem = asApiError(cause);
		}
		if (mine === this.#asked) this.loading = false;
	};

	/** An answer is done, and tells how things stand: newer than whatever was asked before. */
	accept(quota: Quota): void {
		this.#asked++;
		this.loading = false;
		this.#unremembered = this.#told === 100;
		this.#memory = this.#told || (this.#memory && levelOf(quota.storage) ? 80 : 0);
		this.#told = 0;
		this.#put(quota);
	}

	/** A turn crossed a level. It is read aloud with the answer, see `news`. */
	crossed({ resource, level, used, limit, percentage }: Crossing): void {
		this.#unsaid.add(resource);
		if (resource === 'memory') {
			this.#told = this.#memory = level;
			this.#unremembered = level === 100;
		}
		if (!this.value) return void this.load();
		const name = resource === 'memory' ? 'storage' : resource;
		const remaining = Math.max(0, limit - used);
		this.value = { ...this.value, [name]: { ...this.value[name], used, limit, percentage, remaining } };
	}

	/** Until the page is loaded anew, or the next level. */
	dismiss(): void {
		const seen = Object.fromEntries(this.#all.map(({ resource, level }) => [resource, level]));
		this.#dismissed = { ...this.#dismissed, ...seen };
	}

	/** What has not been read aloud yet, once. */
	news(): string {
		const fresh = this.warnings.filter(({ resource }) => this.#unsaid.has(resource));
		this.#unsaid.clear();
		return fresh.map((warning) => spokenWarning(warning, this.upgrade)).join(' ');
	}

	/** Somebody else may sign in here. */
	forget(): void {
		this.#asked++;
		clearTimeout(this.#midnight);
		this.value = this.problem = null;
		this.loading = this.over = this.#unremembered = false;
		this.#memory = this.#told = 0;
		this.#dismissed = {};
		this.#unsaid.clear();
	}

	#put(quota: Quota): void {
		if (this.value && this.value.resets_at !== quota.resets_at)
			this.#dismissed = { memory: this.#dismissed.memory ?? 0 };
		const memory = levelOf(quota.storage);
		if (memory === 100) this.#memory = 100;
		else if (memory === 0 && !this.#unremembered) this.#memory = 0;
		if (!this.#memory) this.#dismissed = { ...this.#dismissed, memory: 0 };
		this.value = quota;
		this.problem = null;
		this.over = false;
		clearTimeout(this.#midnight);
		const left = Date.parse(quota.resets_at) - Date.now();
		// A clock that runs ahead of the server's is not asked again and again.
		if (left > 0) this.#midnight = setTimeout(() => (this.over = true), left + 2_000);
	}
}

export const quotaContext = (quota: QuotaWatch): Map<unknown, unknown> => new Map([[KEY, quota]]);
export const provideQuota = (): QuotaWatch => setContext(KEY, new QuotaWatch());
export const useQuota = (): QuotaWatch => getContext(KEY);
