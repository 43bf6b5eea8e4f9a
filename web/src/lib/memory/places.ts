// The pages of what is remembered, in their order. Pure.
export interface Place {
	href: string;
	/** In the row of pages. */
	label: string;
	title: string;
}

export const PLACES: readonly Place[] = [
	{ href: '/memory', label: 'Memories', title: 'Memory' },
	{ href: '/memory/profile', label: 'Profile', title: 'What Nova knows about you' },
	{ href: '/memory/timeline', label: 'Timeline', title: 'Timeline' },
	{ href: '/memory/picture', label: 'Picture', title: 'Picture over time' }
];

export const memoryTitle = (path: string): string =>
	PLACES.find(({ href }) => href === path)?.title ?? 'Memory';

/** Where one memory is looked at. */
export const memoryAt = (id: string): string => `/memory?id=${encodeURIComponent(id)}`;
