// People in words.
import type { Person } from '../../api/types';
import { offers } from '../../billing/offers.svelte';
import { plural } from '../../ui/time';

export type PeopleFilter = 'all' | 'administrators' | 'unverified' | 'disabled';

export const FILTERS = [
	['all', 'Everybody'],
	['administrators', 'Administrators'],
	['unverified', 'Not verified'],
	['disabled', 'Disabled']
] as const satisfies readonly (readonly [PeopleFilter, string])[];

/** The title the server gives it; a plan it does not know any more is shown as it is. */
export const planWords = (plan: string): string => offers.titleOf(plan) ?? plan;

/** The plans to choose from, and the one there is now, known or not. */
export const planOptions = (now?: string): readonly (readonly [name: string, title: string])[] => {
	const known = offers.plans.map(({ name, title }) => [name, title] as const);
	return now === undefined || known.some(([name]) => name === now)
		? known
		: [...known, [now, planWords(now)]];
};

export const roleWords = (role: Person['role']): string => (role === 'admin' ? 'Administrator' : 'Member');

/** How many there are: of all, or of those asked for. */
export function countWords(total: number, filter: PeopleFilter, q: string): string {
	const people = plural(total, 'person', 'people');
	if (q || filter !== 'all') return total ? `${people} found` : 'Nobody found';
	return people;
}

/** What stands where the list would be. */
export function emptyWords(filter: PeopleFilter, q: string): string {
	if (q) return `No address has “${q}” in it. A few letters of it are enough.`;
	if (filter === 'disabled') return 'Nobody is disabled. Whoever is cannot sign in, and loses nothing.';
	if (filter === 'unverified') return 'Everybody has shown that their address is theirs.';
	return 'Nobody is here yet. People come by invitation or by registering.';
}

/** "2 passkeys, a second factor, 1 API token", or that there is none of it. */
export function keysWords(person: Person): string {
	const keys = [
		person.second_factor && 'a second factor',
		person.passkeys > 0 && plural(person.passkeys, 'passkey'),
		person.tokens > 0 && plural(person.tokens, 'API token')
	].filter(Boolean);
	return keys.length ? keys.join(', ') : 'a password alone';
}
