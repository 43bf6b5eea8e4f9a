/**
 * The administrator's routes, in the shape openapi-typescript generates, until the server's own description has them.
 * Only api/client.ts and api/types.ts import this.
 */

interface Refused {
	headers: { [name: string]: unknown };
	content: {
		'application/json': {
			error: string;
			code: string;
			correlation_id: string;
			fields?: { [key: string]: string };
			resets_at?: string | null;
		};
	};
}
interface Json<Body> {
	headers: { [name: string]: unknown };
	content: { 'application/json': Body };
}
interface Empty {
	headers: { [name: string]: unknown };
	content?: never;
}
interface Nothing {
	query?: never;
	header?: never;
	path?: never;
	cookie?: never;
}
interface Query<Wanted> {
	query?: Wanted & { limit?: number; before?: string };
	header?: never;
	path?: never;
	cookie?: never;
}
interface Id {
	query?: never;
	header?: never;
	path: { id: string };
	cookie?: never;
}
interface Read<Parameters, Body> {
	parameters: Parameters;
	requestBody?: never;
	responses: { 200: Json<Body>; default: Refused };
}
interface Send<Parameters, Given, Answers> {
	parameters: Parameters;
	requestBody: { content: { 'application/json': Given } };
	responses: Answers & { default: Refused };
}
interface Do<Parameters, Answers> {
	parameters: Parameters;
	requestBody?: never;
	responses: Answers & { default: Refused };
}
interface Unused {
	parameters: Nothing;
	put?: never;
	options?: never;
	head?: never;
	trace?: never;
}

export interface components {
	schemas: {
		AdminUser: {
			id: string;
			email: string;
			email_verified: boolean;
			email_verified_at?: string | null;
			role: 'user' | 'admin';
			plan: string;
			disabled: boolean;
			created_at: string;
			last_seen_at?: string | null;
			sign_ins: number;
			second_factor: boolean;
			passkeys: number;
			tokens: number;
			invitation?: { id: string; note?: string | null } | null;
		};
		AdminSignIn: {
			id: string;
			device: string;
			address: string;
			method: string;
			created_at: string;
			last_seen_at: string;
		};
		Invitation: {
			id: string;
			note?: string | null;
			email?: string | null;
			plan?: string | null;
			uses: number;
			used: number;
			state: 'open' | 'used_up' | 'expired' | 'revoked';
			created_at: string;
			created_by?: string | null;
			expires_at: string;
			accounts: { id: string; email: string; created_at: string }[];
		};
		Mail: {
			id: string;
			purpose: string;
			to?: string | null;
			user_id?: string | null;
			state: 'waiting' | 'kept' | 'sent' | 'failed' | 'expired';
			attempts: number;
			last_error?: string | null;
			created_at: string;
			next_try_at?: string | null;
			sent_at?: string | null;
		};
		AuditEntry: {
			id: string;
			at: string;
			event: string;
			result: 'ok' | 'refused';
			user_id?: string | null;
			email?: string | null;
			actor: {
				kind: 'user' | 'administrator' | 'operator' | 'service' | 'nobody';
				id?: string | null;
				name?: string | null;
			};
			address?: string | null;
			device?: string | null;
			detail?: string | null;
		};
		AdminFeedback: {
			id: string;
			user_id: string;
			email: string;
			text: string;
			rating?: number | null;
			correlation_id?: string | null;
			created_at: string;
			answer?: string | null;
			answered_at?: string | null;
		};
		ServiceAccount: {
			id: string;
			name: string;
			audiences: string[];
			scopes: string[];
			created_at: string;
			last_used_at?: string | null;
		};
		Receiver: { id: string; name: string; created_at: string; secret_made_at: string };
		Job: {
			id: string;
			kind: string;
			state: 'waiting' | 'held' | 'done' | 'failed';
			attempts: number;
			last_error?: string | null;
			created_at: string;
			due_at?: string | null;
			ended_at?: string | null;
		};
		Secret: { secret: string };
	};
}

type Schemas = components['schemas'];
interface Page<Item> {
	items: Item[];
	next_before?: string | null;
}

export interface paths {
	'/api/admin/users': Unused & {
		get: Read<
			Query<{ q?: string; filter?: 'all' | 'administrators' | 'unverified' | 'disabled' }>,
			Page<Schemas['AdminUser']> & { total: number }
		>;
	};
	'/api/admin/users/{id}': Unused & {
		get: Read<Id, Schemas['AdminUser'] & { sessions: Schemas['AdminSignIn'][] }>;
		patch: Send<
			Id,
			{ disabled?: boolean; role?: 'user' | 'admin'; plan?: string; email_verified?: true },
			{ 200: Json<Schemas['AdminUser']> }
		>;
		delete: Do<Id, { 202: Json<{ status: string }> }>;
	};
	'/api/admin/users/{id}/end-sessions': Unused & { post: Do<Id, { 204: Empty }> };
	'/api/admin/users/{id}/start-reset': Unused & { post: Do<Id, { 202: Json<{ mail_id: string }> }> };
	'/api/admin/invitations': Unused & {
		get: Read<Query<unknown>, Page<Schemas['Invitation']>>;
		post: Send<
			Nothing,
			{ email?: string; note?: string; plan?: string; uses?: number; days?: number },
			{ 201: Json<Schemas['Invitation'] & { link: string }> }
		>;
	};
	'/api/admin/invitations/{id}': Unused & { delete: Do<Id, { 204: Empty }> };
	'/api/admin/invitations/{id}/link': Unused & { post: Do<Id, { 200: Json<{ link: string }> }> };
	'/api/admin/mails': Unused & {
		get: Read<
			Query<unknown>,
			Page<Schemas['Mail']> & { configured: boolean; held: boolean; from?: string | null }
		>;
	};
	'/api/admin/mails/{id}/show': Unused & {
		post: Do<Id, { 200: Json<{ to: string; subject: string; text: string; link?: string | null }> }>;
	};
	'/api/admin/mails/{id}/retry': Unused & { post: Do<Id, { 202: Empty }> };
	'/api/admin/mails/test': Unused & { post: Send<Nothing, { to: string }, { 204: Empty }> };
	'/api/admin/audit': Unused & {
		get: Read<Query<{ user?: string; event?: string }>, Page<Schemas['AuditEntry']>>;
	};
	'/api/admin/feedback': Unused & {
		get: Read<Query<{ filter?: 'all' | 'unanswered' }>, Page<Schemas['AdminFeedback']>>;
	};
	'/api/admin/feedback/{id}/answer': Unused & {
		post: Send<Id, { answer: string }, { 200: Json<Schemas['AdminFeedback']> }>;
	};
	'/api/admin/feedback/export': Unused & {
		get: {
			parameters: Nothing;
			requestBody?: never;
			responses: {
				200: { headers: { [name: string]: unknown }; content: { 'text/csv': string } };
				default: Refused;
			};
		};
	};
	'/api/admin/services': Unused & {
		get: Read<Nothing, { items: Schemas['ServiceAccount'][] }>;
		post: Send<
			Nothing,
			{ name: string; audiences: string[]; scopes: string[] },
			{ 201: Json<Schemas['ServiceAccount'] & Schemas['Secret']> }
		>;
	};
	'/api/admin/services/{id}': Unused & { delete: Do<Id, { 204: Empty }> };
	'/api/admin/services/{id}/secret': Unused & { post: Do<Id, { 200: Json<Schemas['Secret']> }> };
	'/api/admin/receivers': Unused & {
		get: Read<Nothing, { items: Schemas['Receiver'][] }>;
		post: Send<Nothing, { name: string }, { 201: Json<Schemas['Receiver'] & Schemas['Secret']> }>;
	};
	'/api/admin/receivers/{id}': Unused & { delete: Do<Id, { 204: Empty }> };
	'/api/admin/receivers/{id}/secret': Unused & { post: Do<Id, { 200: Json<Schemas['Secret']> }> };
	'/api/admin/jobs': Unused & { get: Read<Query<unknown>, Page<Schemas['Job']>> };
	'/api/admin/jobs/{id}/retry': Unused & { post: Do<Id, { 202: Empty }> };
}
