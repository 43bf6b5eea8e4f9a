// How somebody signed in, in words. Pure.
const WAYS: Record<string, string> = {
	password: 'with the password',
	passkey: 'with a passkey',
	oidc: 'through the linked sign-in',
	setup: 'by the set-up link'
};

/** "with the password and a code". A passkey is both in one: there is no code beside it. */
export const wayIn = (method: string | undefined, secondFactor: boolean | undefined): string =>
	(WAYS[method ?? ''] ?? method ?? '') + (secondFactor && method !== 'passkey' ? ' and a code' : '');
