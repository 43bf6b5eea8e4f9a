// The pages of an account, in their order. Pure.
export interface Place {
	href: string;
	/** In the row of pages. */
	label: string;
	title: string;
}

export const PLACES: readonly Place[] = [
	{ href: '/account', label: 'Profile', title: 'Account' },
	{ href: '/account/security', label: 'Security', title: 'Security' },
	{ href: '/account/tokens', label: 'Tokens', title: 'API tokens' },
	{ href: '/account/activity', label: 'Activity', title: 'Activity' },
	{ href: '/account/feedback', label: 'Feedback', title: 'Feedback' }
];

export const accountTitle = (path: string): string =>
	path === '/account/delete'
		? 'Delete your account'
		: (PLACES.find(({ href }) => href === path)?.title ?? 'Account');
