// What an API token may do, and how long it lives, in words. Pure.
export const SCOPES = [
	{ value: 'chat:read', says: 'Read your conversations', hint: 'chat:read' },
	{ value: 'chat:write', says: 'Send messages, and change or delete conversations', hint: 'chat:write' },
	{ value: 'memory:read', says: 'Read what Nova remembers of you', hint: 'memory:read' },
	{ value: 'memory:write', says: 'Add to what Nova remembers, and make it forget', hint: 'memory:write' },
	{ value: 'usage:read', says: 'Read how much you used', hint: 'usage:read' },
	{ value: 'openai', says: 'Use the OpenAI-compatible interface', hint: 'openai' },
	{ value: 'mcp', says: 'Use the tools for other assistants (MCP)', hint: 'mcp' }
] as const;

/** "Read your conversations"; a scope this page does not know stays as it is. */
export const scopeWords = (scope: string): string =>
	SCOPES.find(({ value }) => value === scope)?.says ?? scope;

export const LIVES = [
	{ value: 7, says: '7 days' },
	{ value: 30, says: '30 days' },
	{ value: 90, says: '90 days' },
	{ value: 365, says: 'a year' },
	{ value: 0, says: 'until I remove it' }
] as const;

/** When a token of so many days ends; nothing for one without an end. */
export const endOf = (days: number, now = Date.now()): string | undefined =>
	days ? new Date(now + days * 86_400_000).toISOString() : undefined;
