// The routes of usage, in the shape of the generated schema, until the generated one has them.

interface Meter {
	/** @description What was used; of today, or held now where nothing starts again. */
	used: number;
	/** @description What an answer that runs may still need. */
	reserved: number;
	limit: number | null;
	remaining: number | null;
	/** @description Of used and reserved; may exceed 100. */
	percentage: number | null;
}

interface Quota {
	plan: string;
	plan_title: string;
	source: 'default' | 'trial' | 'paid' | 'given';
	until: string | null;
	/** @description False where nothing is limited. */
	metered: boolean;
	tokens: Meter;
	messages: Meter;
	storage: Meter;
	context_tokens: number;
	background_tokens: number;
	requests_per_minute: number | null;
	burst: number | null;
	answers_at_once: number | null;
	resets_at: string;
	/** @description A higher plan is for sale. */
	upgrade: boolean;
}

interface Amounts {
	llm_tokens_input: number;
	llm_tokens_output: number;
	llm_tokens_context: number;
	messages: number;
	/** @description The change; may be negative. */
	memory_bytes: number;
	background_tokens: number;
	/** @description Input and output: what is charged. */
	tokens: number;
}

interface Day extends Amounts {
	date: string;
}

interface History {
	from: string;
	to: string;
	/** @description Every day, oldest first. */
	items: Day[];
}

interface Stats {
	days: number;
	from: string;
	to: string;
	totals: Amounts;
	tokens_a_day: number;
	messages_a_day: number;
	active_days: number;
	busiest: { date: string; tokens: number } | null;
	since: string | null;
}

interface LedgerEntry {
	number: number;
	resource:
		| 'llm_tokens_input'
		| 'llm_tokens_output'
		| 'llm_tokens_context'
		| 'messages'
		| 'memory_bytes'
		| 'background_tokens';
	amount: number;
	source_id: string | null;
	kind: 'use' | 'correction' | 'opening';
	note: string | null;
	day: string;
	at: string;
	plan: string;
}

interface Ledger {
	items: LedgerEntry[];
	next_before: number | null;
	total: number;
}

interface Reading<Query, Type extends string, Body> {
	parameters: { query?: never; header?: never; path?: never; cookie?: never };
	get: {
		parameters: { query?: Query; header?: never; path?: never; cookie?: never };
		requestBody?: never;
		responses: { 200: { headers: { [name: string]: unknown }; content: { [type in Type]: Body } } };
	};
	put?: never;
	post?: never;
	delete?: never;
	options?: never;
	head?: never;
	patch?: never;
	trace?: never;
}

export interface UsagePaths {
	'/api/usage/quota': Reading<never, 'application/json', Quota>;
	'/api/usage/history': Reading<{ days?: number }, 'application/json', History>;
	'/api/usage/stats': Reading<{ days?: number }, 'application/json', Stats>;
	'/api/usage/ledger': Reading<{ limit?: number; before?: number }, 'application/json', Ledger>;
	'/api/usage/export': Reading<{ days?: number }, 'text/csv', string>;
}
