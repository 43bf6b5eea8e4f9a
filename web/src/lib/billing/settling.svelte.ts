// After a payment: the payment service is asked once, then the server every two seconds for at most a minute, until
// what was paid for is there.
import { api, take } from '../api/client';
import { asApiError, type ApiError } from '../api/problem';
import type { PlanStanding } from '../api/types';
import { entitled } from './words';

const EVERY_MS = 2_000;
const AT_MOST_MS = 60_000;
/** So many questions in a row may fail. */
const FAILURES = 3;

/** absent: this server sells nothing. */
export type Phase = 'checking' | 'done' | 'waiting' | 'failed' | 'absent';

export class Settling {
	phase = $state<Phase>('checking');
	standing = $state.raw<PlanStanding | null>(null);
	problem = $state<ApiError | null>(null);

	#round = 0;
	#timer: ReturnType<typeof setTimeout> | undefined;

	/** From the beginning, also after it gave up. */
	start = async (): Promise<void> => {
		this.stop();
		const round = this.#round;
		this.phase = 'checking';
		this.problem = null;
		const until = Date.now() + AT_MOST_MS;
		let failures = await this.#ask(round, () => take(api.POST('/api/billing/refresh')), 0);
		while (this.phase === 'checking' && (await this.#pause(round))) {
			failures = await this.#ask(round, () => take(api.GET('/api/billing/subscription')), failures);
			if (round === this.#round && this.phase === 'checking' && Date.now() >= until) this.phase = 'waiting';
		}
	};

	stop = (): void => {
		this.#round++;
		clearTimeout(this.#timer);
	};

	/** How many have failed in a row now. */
	async #ask(round: number, ask: () => Promise<PlanStanding>, failures: number): Promise<number> {
		try {
			const standing = await ask();
			if (round !== this.#round) return 0;
			this.standing = standing;
			if (entitled(standing)) this.phase = 'done';
			return 0;
		} catch (cause) {
			if (round !== this.#round) return 0;
			const problem = asApiError(cause);
			// The payment service is slow or was asked too often: it tells the server by itself.
			if (problem.code === 'billing_unavailable' || problem.status === 429) return 0;
			const hopeless = problem.status >= 400 && problem.status < 500;
			if (problem.status === 404) this.phase = 'absent';
			else if (hopeless || failures + 1 >= FAILURES) {
				this.problem = problem;
				this.phase = 'failed';
			}
			return failures + 1;
		}
	}

	/** Whether to go on after it. */
	#pause = (round: number): Promise<boolean> =>
		new Promise((resolve) => {
			if (round !== this.#round) return resolve(false);
			this.#timer = setTimeout(() => resolve(round === this.#round), EVERY_MS);
		});
}
