// The administrator's pages, in the order they stand in.
export interface Place {
	href: string;
	label: string;
}

export const PLACES: readonly Place[] = [
	{ href: '/admin', label: 'Server' },
	{ href: '/admin/people', label: 'People' },
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

export const titleAt = (path: string): string => placeAt(path)?.label ?? 'Page not found';
