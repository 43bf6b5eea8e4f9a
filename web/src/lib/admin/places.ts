// The administrator's pages, in the order they stand in.
import { offers } from '../billing/offers.svelte';

export interface Place {
	href: string;
	label: string;
	/** Only where this server takes payments. */
	paid?: true;
}

export const PLACES: readonly Place[] = [
	{ href: '/admin', label: 'Server' },
	{ href: '/admin/people', label: 'People' },
	{ href: '/admin/usage', label: 'Usage' },
	{ href: '/admin/billing', label: 'Billing', paid: true },
	{ href: '/admin/memory', label: 'Memory' },
	{ href: '/admin/invitations', label: 'Invitations' },
	{ href: '/admin/mail', label: 'Mail' },
	{ href: '/admin/activity', label: 'Activity' },
	{ href: '/admin/programs', label: 'Programs' },
	{ href: '/admin/feedback', label: 'Feedback' },
	{ href: '/admin/jobs', label: 'Jobs' }
];

/** The page an address belongs to: one person's page belongs to People. */
export const placeAt = (path: string): Place | undefined =>
	PLACES.find(({ href }) => href === path || (href !== '/admin' && path.startsWith(`${href}/`)));

export function titleAt(path: string): string {
	const place = placeAt(path);
	return place && !(place.paid && offers.on === false) ? place.label : 'Page not found';
}
