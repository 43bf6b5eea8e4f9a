// Routes of administrators for usage and billing, until the generated description has them. Only types.ts and client.ts
// read this.

export type Resource =
	| 'llm_tokens_input'
	| 'llm_tokens_output'
	| 'llm_tokens_context'
	| 'messages'
	| 'memory_bytes'
	| 'background_tokens';

export interface Amounts {
	llm_tokens_input: number;
	llm_tokens_output: number;
	llm_tokens_context: number;
	messages: number;
	memory_bytes: number;
	background_tokens: number;
	tokens: number;
}
export interface Meter {
	used: number;
	reserved: number;
	limit?: number | null;
	remaining?: number | null;
	percentage?: number | null;
}
type Source = 'default' | 'trial' | 'paid' | 'given';

interface Quota {
	plan: string;
	plan_title: string;
	source: Source;
	until?: string | null;
	metered: boolean;
	tokens: Meter;
	messages: Meter;
	storage: Meter;
	context_tokens: number;
	background_tokens: number;
	requests_per_minute?: number | null;
	burst?: number | null;
	answers_at_once?: number | null;
	resets_at: string;
	upgrade: boolean;
}
interface UsagePage {
	days: number;
	from: string;
	to: string;
	totals: Amounts;
	memory_bytes_total: number;
	people_total: number;
	items: {
		id: string;
		email: string;
		plan: string;
		source: Source;
		llm_tokens_input: number;
		llm_tokens_output: number;
		llm_tokens_context: number;
		messages: number;
		background_tokens: number;
		tokens: number;
		memory_bytes: number;
		today_percentage?: number | null;
	}[];
}
interface PersonUsage {
	quota: Quota;
	history: (Amounts & { date: string })[];
}

interface Plans {
	billing: boolean;
	trial?: { plan: string; days: number } | null;
	items: {
		name: string;
		title: string;
		tokens_per_day?: number | null;
		messages_per_day?: number | null;
		memory_bytes?: number | null;
		requests_per_minute?: number | null;
		burst?: number | null;
		price_monthly?: string | null;
		price_yearly?: string | null;
		sells: ('monthly' | 'yearly')[];
		current: boolean;
	}[];
}
type SubscriptionStatus =
	'active' | 'trialing' | 'past_due' | 'unpaid' | 'canceled' | 'incomplete' | 'incomplete_expired' | 'paused';
interface BillingStanding {
	plan: string;
	plan_title: string;
	source: Source;
	until?: string | null;
	trial?: { plan: string; ends_at: string } | null;
	subscription?: {
		status: SubscriptionStatus;
		plan?: string | null;
		plan_title?: string | null;
		period?: 'monthly' | 'yearly' | null;
		current_period_end?: string | null;
		cancel_at_period_end: boolean;
		ends_at?: string | null;
		grace_until?: string | null;
		updated_at: string;
	} | null;
	can_manage: boolean;
}
interface BillingOverview {
	livemode: boolean;
	api_base_default: boolean;
	problems: string[];
	plans: {
		name: string;
		title: string;
		people: number;
		subscribers: number;
		revenue: { currency: string; amount: number }[];
	}[];
	statuses: { [status: string]: number };
	events: { waiting: number; failed: number; done: number };
	last_event_at?: string | null;
	last_reconcile_at?: string | null;
}
interface BillingEvent {
	id: string;
	type: string;
	created_at: string;
	received_at: string;
	state: 'waiting' | 'done' | 'failed' | 'ignored';
	user_id?: string | null;
	email?: string | null;
	tries: number;
	error?: string | null;
}

/** What a person gained beside what is generated. */
export interface PlanFacts {
	plan_source: Source;
	plan_until?: string | null;
	plan_given?: string | null;
}

type Json<Body> = { headers: { [name: string]: unknown }; content: { 'application/json': Body } };
type Asked<Query> = { query?: Query; header?: never; path?: never; cookie?: never };
type OfOne = { query?: never; header?: never; path: { id: string }; cookie?: never };

export interface AdminUsagePaths {
	'/api/admin/usage': {
		get: {
			parameters: Asked<{ days?: number; limit?: number }>;
			requestBody?: never;
			responses: { 200: Json<UsagePage> };
		};
	};
	'/api/admin/users/{id}/usage': {
		get: {
			parameters: { query?: { days?: number }; header?: never; path: { id: string }; cookie?: never };
			requestBody?: never;
			responses: { 200: Json<PersonUsage> };
		};
	};
	'/api/admin/users/{id}/usage/correction': {
		post: {
			parameters: OfOne;
			requestBody: {
				content: { 'application/json': { resource: Resource; amount: number; note: string } };
			};
			responses: { 201: Json<{ quota: Quota }> };
		};
	};
	'/api/admin/users/{id}': {
		patch: {
			requestBody: { content: { 'application/json': { plan_until?: string | null } } };
		};
	};
	'/api/admin/users/{id}/resync': {
		post: { parameters: OfOne; requestBody?: never; responses: { 200: Json<BillingStanding> } };
	};
	'/api/billing/plans': {
		get: { parameters: Asked<never>; requestBody?: never; responses: { 200: Json<Plans> } };
	};
	'/api/admin/billing': {
		get: { parameters: Asked<never>; requestBody?: never; responses: { 200: Json<BillingOverview> } };
	};
	'/api/admin/billing/events': {
		get: {
			parameters: Asked<{ state?: 'waiting' | 'failed' | 'done'; limit?: number; before?: string }>;
			requestBody?: never;
			responses: { 200: Json<{ items: BillingEvent[]; next_before?: string | null }> };
		};
	};
	'/api/admin/billing/events/{id}/retry': {
		post: {
			parameters: OfOne;
			requestBody?: never;
			responses: { 202: { headers: { [name: string]: unknown }; content?: never } };
		};
	};
}
