// The pages of what is remembered, in their order. Pure.
import { KINDS, SHELVES } from './words';

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

const named = <Key extends string>(of: Record<Key, unknown>, name: string | null): Key | undefined =>
	(Object.keys(of) as Key[]).find((one) => one === name);

/** What a link to the list wants to see: /memory?session=ID, ?tag=WORD, ?tier=ltm, ?kind=fact. */
export function arrivedWith(wanted: URLSearchParams) {
	const tier = named(SHELVES, wanted.get('tier'));
	const kind = named(KINDS, wanted.get('kind'));
	const [session, tag] = [wanted.get('session'), wanted.get('tag')];
	return {
		...(tier ? { tier } : {}),
		...(kind ? { kind } : {}),
		...(session ? { session } : {}),
		...(tag ? { tag } : {})
	};
}
