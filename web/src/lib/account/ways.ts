// How somebody signed in, in words. Pure.
const WAYS: Record<string, string> = {
	password: 'with the password',
	passkey: 'with a passkey',
	oidc: 'through the linked sign-in',
	setup: 'by the set-up link'
};

/** "with the password and a code". */
export const wayIn = (method: string | undefined, secondFactor: boolean | undefined): string =>
	(WAYS[method ?? ''] ?? method ?? '') + (secondFactor ? ' and a code' : '');
