// The pages of an account, in their order. Pure.
export interface Place {
	path: string;
	/** In the row of pages. */
	name: string;
	title: string;
}

export const PLACES: readonly Place[] = [
	{ path: '/account', name: 'Profile', title: 'Account' },
	{ path: '/account/security', name: 'Security', title: 'Security' },
	{ path: '/account/tokens', name: 'Tokens', title: 'API tokens' },
	{ path: '/account/activity', name: 'Activity', title: 'Activity' },
	{ path: '/account/feedback', name: 'Feedback', title: 'Feedback' }
];

export const accountTitle = (path: string): string =>
	path === '/account/delete'
		? 'Delete your account'
		: (PLACES.find((place) => place.path === path)?.title ?? 'Account');
