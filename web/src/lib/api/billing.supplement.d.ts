/**
 * Plans and paying, in the shape the generator writes, until the server's own description has these routes.
 */

interface Refusal {
	content: {
		'application/json': components['Problem'];
	};
}

export interface components {
	Problem: {
		error: string;
		code: string;
		correlation_id: string;
	};
	/** @enum {string} */
	Period: 'monthly' | 'yearly';
	Plan: {
		name: string;
		title: string;
		/** Format: int64 */
		tokens_per_day: number | null;
		/** Format: int64 */
		messages_per_day: number | null;
		/** Format: int64 */
		memory_bytes: number | null;
		/** Format: int32 */
		requests_per_minute: number | null;
		/** Format: int32 */
		burst: number | null;
		price_monthly: string | null;
		price_yearly: string | null;
		/** The periods that can be bought; none: not for sale. */
		sells: components['Period'][];
		current: boolean;
	};
	Plans: {
		billing: boolean;
		/** What new accounts may try. */
		trial: { plan: string; days: number } | null;
		/** Smallest first. */
		items: components['Plan'][];
	};
	/** @enum {string} */
	SubscriptionStatus:
		| 'active'
		| 'trialing'
		| 'past_due'
		| 'unpaid'
		| 'canceled'
		| 'incomplete'
		| 'incomplete_expired'
		| 'paused';
	Subscription: {
		status: components['SubscriptionStatus'];
		plan: string | null;
		plan_title: string | null;
		period: components['Period'] | null;
		/** Format: date-time */
		current_period_end: string | null;
		cancel_at_period_end: boolean;
		/** Format: date-time */
		ends_at: string | null;
		/**
		 * Format: date-time
		 * @description past_due: the plan holds until then.
		 */
		grace_until: string | null;
		/** Format: date-time */
		updated_at: string;
	};
	Standing: {
		plan: string;
		plan_title: string;
		/** @enum {string} */
		source: 'default' | 'trial' | 'paid' | 'given';
		/** Format: date-time */
		until: string | null;
		/** While it runs. */
		trial: { plan: string; ends_at: string } | null;
		subscription: components['Subscription'] | null;
		/** There is a customer: the portal can be opened. */
		can_manage: boolean;
	};
	/** @enum {string} */
	InvoiceStatus: 'draft' | 'open' | 'paid' | 'void' | 'uncollectible';
	Invoice: {
		id: string;
		number: string | null;
		/** Format: date-time */
		created_at: string;
		/** Format: int64 */
		amount_due: number;
		/** Format: int64 */
		amount_paid: number;
		currency: string;
		status: components['InvoiceStatus'];
		plan: string | null;
		hosted_url: string | null;
		pdf_url: string | null;
	};
}

export interface paths {
	'/api/billing/plans': {
		get: {
			parameters: { query?: never; header?: never; path?: never; cookie?: never };
			responses: {
				200: { content: { 'application/json': components['Plans'] } };
				default: Refusal;
			};
		};
	};
	'/api/billing/subscription': {
		get: {
			parameters: { query?: never; header?: never; path?: never; cookie?: never };
			responses: {
				200: { content: { 'application/json': components['Standing'] } };
				default: Refusal;
			};
		};
	};
	'/api/billing/checkout': {
		post: {
			parameters: { query?: never; header?: never; path?: never; cookie?: never };
			requestBody: {
				content: { 'application/json': { plan: string; period: components['Period'] } };
			};
			responses: {
				200: { content: { 'application/json': { url: string } } };
				default: Refusal;
			};
		};
	};
	'/api/billing/portal': {
		post: {
			parameters: { query?: never; header?: never; path?: never; cookie?: never };
			requestBody: { content: { 'application/json': Record<string, never> } };
			responses: {
				200: { content: { 'application/json': { url: string } } };
				default: Refusal;
			};
		};
	};
	'/api/billing/refresh': {
		post: {
			parameters: { query?: never; header?: never; path?: never; cookie?: never };
			requestBody: { content: { 'application/json': Record<string, never> } };
			responses: {
				200: { content: { 'application/json': components['Standing'] } };
				default: Refusal;
			};
		};
	};
	'/api/billing/invoices': {
		get: {
			parameters: {
				query?: { limit?: number; before?: string };
				header?: never;
				path?: never;
				cookie?: never;
			};
			responses: {
				200: {
					content: {
						'application/json': { items: components['Invoice'][]; next_before: string | null };
					};
				};
				default: Refusal;
			};
		};
	};
}
