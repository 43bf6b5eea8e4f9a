// What a link of a mail or of a provider brought in the address. It is read once, kept nowhere, and leaves the address
// bar at once.
import { untrack } from 'svelte';
import { replaceState } from '$app/navigation';
import { page } from '$app/state';

/** The router must be running before it may be told of a new address. */
const drop = (path: string): void => void setTimeout(() => replaceState(path, {}));

/** Calls `act` with what stands after #, now and whenever another such link is opened in this tab. */
export function onFragment(act: (found: URLSearchParams) => void): void {
	$effect(() => {
		const fragment = page.url.hash.slice(1);
		if (!fragment) return;
		const { pathname, search } = page.url;
		untrack(() => act(new URLSearchParams(fragment)));
		drop(pathname + search);
	});
}

/** The token of a link that carries it as a question, because mail programs cut off what stands after #. */
export function takeToken(): string {
	const token = page.url.searchParams.get('token') ?? '';
	if (token) drop(page.url.pathname);
	return token;
}
