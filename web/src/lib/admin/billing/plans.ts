// Asking which plans there are; the answer says, too, whether payments are on.
import { api } from '../../api/client';
import { ask } from '../ask';
import { sale } from './sale.svelte';

let asking: Promise<void> | null = null;

/** Whoever asks while somebody else waits for the answer waits for the same one. */
export function learnPlans(): Promise<void> {
	asking ??= ask(api.GET('/api/billing/plans'))
		.then((known) => sale.accept(known))
		.finally(() => (asking = null));
	return asking;
}
