// Why a sign-in at another place, or the link of a mail, led nowhere: what happened, what is safe, what to do. Pure.

const PROVIDER: Record<string, string> = {
	oidc_refused: 'The sign-in was cancelled at the other side. Nothing changed here. You can try again.',
	oidc_failed: 'The other side did not confirm who you are. Nothing changed here. Try again in a moment.',
	oidc_expired: 'The sign-in took too long, or was begun in another browser. Begin it again.',
	oidc_address_unverified:
		'The other side has not verified your address. Verify it there, then sign in again.',
	oidc_account_unverified:
		'There is an account with your address here, and its address is not verified yet. Sign in to it with its password, verify the address, then link it.',
	oidc_not_allowed:
		'You have no account here yet, and new ones are not open to everyone. Ask the person who runs this server for an invitation.',
	oidc_link_first:
		'An administrator signs in with the password first, and links the other sign-in under Account, Security.',
	oidc_taken: 'That sign-in belongs to another account of this server. Nothing changed.',
	rate_limited: 'That was tried too often. Nothing changed. Wait some minutes, then try again.',
	storage_read_only:
		'The disk of this server takes nothing new at the moment, so nobody can be signed in. Nothing is lost. Try again later.',
	account_disabled: 'This account is disabled. Its data is kept. Ask the person who runs this server.'
};

export const providerProblem = (code: string): string =>
	PROVIDER[code] ?? `The sign-in did not work (${code}). Nothing changed. You can try again.`;

const LINK: Record<string, { title: string; says: string }> = {
	link_expired: { title: 'This link has expired', says: 'Links are good for a short time only.' },
	link_used: { title: 'This link was used already', says: 'Each link works once.' },
	link_invalid: {
		title: 'This link is not valid',
		says: 'It may have been cut off in the mail, or a newer one replaced it. Open the newest mail, or copy the whole link.'
	}
};

/** What is the matter with a link itself; null when the server, not the link, is the trouble. */
export const linkProblem = (code: string): { title: string; says: string } | null => LINK[code] ?? null;
