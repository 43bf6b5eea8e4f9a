// What the payment service puts into the address is not needed, and leaves it before anything is drawn or anybody is
// asked to sign in.
import { redirect } from '@sveltejs/kit';
import type { PageLoad } from './$types';

export const load: PageLoad = ({ url }) => {
	if (url.search) redirect(307, url.pathname);
};
