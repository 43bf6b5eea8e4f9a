// Programs that act without a person: what they may do, and what their forms may hold.

export const HERE = 'novacore';

export const SCOPES = [
	{
		value: 'metrics:read',
		says: 'Read the figures at /metrics and the reasons at /ready',
		hint: 'metrics:read'
	},
	{ value: 'backup:run', says: 'Begin a backup', hint: 'backup:run' },
	{ value: 'usage:read', says: 'Read how much is used', hint: 'usage:read' },
	{ value: 'jobs:run', says: 'Try failed jobs again', hint: 'jobs:run' }
] as const;

const SCOPE = /^[a-z0-9:._-]{1,64}$/;

/** The words of a line, whatever stands between them. */
export const wordsOf = (text: string): string[] => [...new Set(text.split(/[\s,;]+/).filter(Boolean))];

export interface ServiceDraft {
	name: string;
	audiences: string[];
	scopes: string[];
	/** Words an outside receiver understands, written freely. */
	others: string;
}
export const EMPTY: ServiceDraft = { name: '', audiences: [HERE], scopes: [], others: '' };

export const scopesOf = (draft: ServiceDraft): string[] => [
	...new Set([...draft.scopes, ...wordsOf(draft.others)])
];

export function check(draft: ServiceDraft): Record<string, string> {
	const wrong: Record<string, string> = {};
	if (!draft.name.trim()) wrong['name'] = 'Give the program a name, such as backup-timer.';
	if (!draft.audiences.length) wrong['audiences'] = 'Choose at least one server it may speak to.';
	const odd = wordsOf(draft.others).find((word) => !SCOPE.test(word));
	if (odd)
		wrong['others'] = `“${odd}” is no scope: small letters, digits and : . _ - make one, 64 signs at most.`;
	else if (!scopesOf(draft).length) wrong['scopes'] = 'Choose at least one thing it may do.';
	return wrong;
}

/** In a shell, between single quotes. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** How a program gets in: its secret buys a token that lives a few minutes, the token goes with each call. */
export function example(origin: string, service: string): string {
	const body = JSON.stringify({
		service,
		secret: 'SECRET',
		audience: HERE,
		scopes: ['metrics:read']
	});
	return [
		`TOKEN=$(curl -fsS ${origin}/api/auth/service/token \\`,
		`  -H 'Content-Type: application/json' \\`,
		`  -d ${quoted(body)} | jq -r .token)`,
		`curl -fsS ${origin}/metrics -H "X-Service-Token: $TOKEN"`
	].join('\n');
}
