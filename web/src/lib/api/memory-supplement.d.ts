// The routes of memory, as the server is to have them, in the shape of schema.d.ts. It goes away when that one has them:
// nothing but types.ts and client.ts may import it.
import type { components, paths } from './schema';

type Schemas = components['schemas'];
type Answered<Body, Type extends string = 'application/json'> = {
	headers: { [name: string]: unknown };
	content: { [Kind in Type]: Body };
};
type Nothing = { headers: { [name: string]: unknown }; content?: never };
type Taken<Body> = { content: { 'application/json': Body } };
type NoParameters = { query?: never; header?: never; path?: never; cookie?: never };
type ById = { query?: never; header?: never; path: { id: string }; cookie?: never };
type Refusals = { [Code in 404 | 409 | 422 | 429]: Answered<Schemas['Failure']> };

export type Tier = 'stm' | 'itm' | 'ltm';
export type Kind = 'turn' | 'note' | 'fact' | 'summary' | 'reflection';
/** A time said in words, resolved when it was stored. */
export interface ResolvedDate {
	text: string;
	/** Format: date */
	from: string;
	/** Format: date */
	to: string;
}
export type PartName =
	| 'words'
	| 'meaning'
	| 'around'
	| 'session'
	| 'speaker'
	| 'date'
	| 'time_word'
	| 'number'
	| 'question'
	| 'length'
	| 'entity'
	| 'importance'
	| 'tier'
	| 'pinned'
	| 'fading'
	| 'neighbours'
	| 'recency';
export interface Part {
	name: PartName;
	/** Signed; the sum of all parts is the score. */
	value: number;
}
export interface MemoryView {
	id: string;
	tier: Tier;
	kind: Kind;
	text: string;
	/** `user`, `assistant`, or a name given with a stored memory. */
	speaker: string;
	session_id: string;
	/** Null when there is no such conversation; for stored groups their session_key. */
	session_title: string | null;
	created_at: string;
	edited_at: string | null;
	tags: string[];
	pinned: boolean;
	/** 0 to 1: how near it is to being kept for good. */
	importance: number;
	promoted_at: string | null;
	times_used: number;
	last_used_at: string | null;
	dates: ResolvedDate[];
	/** Turns a derived memory comes from. */
	evidence: string[];
	superseded_by: string | null;
	/** No longer true since. */
	ended_at: string | null;
	duplicate_of: string | null;
}
export interface Found extends MemoryView {
	score: number;
	parts: Part[];
	/** Words of the query that are in it. */
	matched: string[];
}
export interface MemoryDetail extends MemoryView {
	evidence_turns: MemoryView[];
	/** Facts, summaries and reflections that cite it. */
	derived: MemoryView[];
	supersedes: string[];
	vector: { model: string } | null;
}
export interface MemoryList {
	/** With `q` best first, and then each has a score and its parts. */
	items: (MemoryView & Partial<Pick<Found, 'score' | 'parts' | 'matched'>>)[];
	next_before: string | null;
	total: number | null;
}
export interface SearchResults {
	results: Found[];
	total: number;
	took_ms: number;
	/** Whether meaning took part, not words alone. */
	meaning: boolean;
	understood: { from: string | null; to: string | null; speaker: string | null; words: string[] };
}
export interface PromptContext {
	memories: Found[];
	text: string;
	tokens: number;
	limit_tokens: number;
	profile: string[];
	meaning: boolean;
}
type Forget = { dry_run?: boolean } & (
	| { ids: string[] }
	| { session_id: string }
	| { from: string; to: string }
	| { query: string; tier?: Tier; kind?: Kind }
	| { everything: true; confirm: string }
);
export interface Forgotten {
	forgotten: number;
	/** Removed because they cited those. */
	derived: number;
	bytes: number;
}
export interface MemoryStats {
	total: number;
	bytes: number;
	limit_bytes: number | null;
	by_tier: { [Name in Tier]: number };
	by_kind: { [Name in Kind]: number };
	pinned: number;
	sessions: number;
	superseded: number;
	oldest_at: string | null;
	newest_at: string | null;
	growth: {
		/** Format: date; the week's first day. */
		date: string;
		added: number;
		promoted: number;
		forgotten: number;
		total: number;
		ltm: number;
	}[];
	embedding: {
		provider: 'builtin' | 'ollama' | 'off';
		model: string | null;
		dimension: number | null;
		with_vector: number;
		waiting: number;
		meaning: boolean;
	};
	distilling: { enabled: boolean; last_at: string | null; waiting: number; failed: number };
}
export interface Timeline {
	days: {
		/** Format: date */
		date: string;
		turns: number;
		promoted: number;
		facts: number;
		sessions: {
			session_id: string;
			title: string | null;
			kind: 'conversation' | 'stored';
			memories: number;
			summary: MemoryView | null;
			/** The most important, three at most. */
			highlights: MemoryView[];
		}[];
	}[];
	/** Format: date */
	next_before: string | null;
}
export interface MemoryProfile {
	/** What holds now, newest first. */
	facts: MemoryView[];
	past: MemoryView[];
	advice: MemoryView[];
	updated_at: string | null;
}
export interface MemoryJobs {
	items: {
		id: string;
		kind: 'promote' | 'distil' | 'reflect' | 'embed';
		session_id: string | null;
		session_title: string | null;
		state: 'waiting' | 'running' | 'done' | 'failed' | 'held';
		attempts: number;
		created_at: string;
		due_at: string;
		ended_at: string | null;
		error: string | null;
		made: { facts: number; summaries: number; reflections: number; rejected: number } | null;
	}[];
	embedding: { done: number; total: number } | null;
}
export interface Imported {
	imported: number;
	/** The same was there already. */
	skipped: number;
	/** The first hundred. */
	failed: { line: number; code: string; error: string }[];
}
/** For administrators: numbers and states, nobody's text. */
export interface AdminMemory {
	embedding: {
		provider: string;
		decided: {
			provider: string;
			model: string;
			digest: string;
			dimension: number;
			decided_at: string;
		} | null;
		candidates: { provider: string; model: string; available: boolean; reason: string | null }[];
		vectors: number;
		waiting: number;
		reembedding: { done: number; total: number } | null;
	};
	distilling: {
		enabled: boolean;
		idle: boolean;
		waiting: number;
		running: number;
		failed: number;
		accepted: number;
		rejected: number;
		calls_today: number;
		tokens_today: number;
		budget: { calls: number; tokens: number; seconds: number };
		last_night_at: string | null;
	};
}

/** What an answer was given, and why. */
export type UsedMemory = Omit<Schemas['UsedMemoryView'], 'speaker'> & {
	speaker?: string | null;
	kind?: Kind | null;
	tier?: Tier | null;
	parts: Part[];
	pinned: boolean;
	superseded: boolean;
};
type Session = Schemas['SessionView'] & { use_memory: boolean };
type Message = Omit<Schemas['MessageView'], 'memories'> & { memories: UsedMemory[] };
type Sessions = paths['/api/chat/sessions'];
type OneSession = paths['/api/chat/sessions/{id}'];
type History = paths['/api/chat/history/{id}'];

export interface MemoryPaths {
	'/api/memory': {
		get: {
			parameters: {
				query?: {
					q?: string;
					tier?: Tier;
					/** Several with commas between them. */
					kind?: string;
					tag?: string;
					session_id?: string;
					pinned?: boolean;
					/** Leaves out what was superseded. */
					current?: boolean;
					from?: string;
					to?: string;
					limit?: number;
					before?: string;
				};
				header?: never;
				path?: never;
				cookie?: never;
			};
			requestBody?: never;
			responses: { 200: Answered<MemoryList> } & Refusals;
		};
	};
	'/api/memory/{id}': {
		get: {
			parameters: ById;
			requestBody?: never;
			responses: { 200: Answered<MemoryDetail> } & Refusals;
		};
		patch: {
			parameters: ById;
			requestBody: Taken<{ text?: string; tags?: string[]; pinned?: boolean; tier?: 'itm' | 'ltm' }>;
			responses: { 200: Answered<MemoryView> } & Refusals;
		};
		delete: { parameters: ById; requestBody?: never; responses: { 204: Nothing } & Refusals };
	};
	'/api/memory/{id}/promote': {
		post: {
			parameters: ById;
			requestBody: Taken<Record<string, never>>;
			responses: { 200: Answered<MemoryView> } & Refusals;
		};
	};
	'/api/memory/{id}/demote': {
		post: {
			parameters: ById;
			requestBody: Taken<Record<string, never>>;
			responses: { 200: Answered<MemoryView> } & Refusals;
		};
	};
	'/api/memory/{id}/pin': {
		post: {
			parameters: ById;
			requestBody: Taken<{ pinned?: boolean }>;
			responses: { 200: Answered<MemoryView> } & Refusals;
		};
	};
	'/api/memory/store': {
		post: {
			parameters: NoParameters;
			requestBody: Taken<{
				text: string;
				speaker?: string;
				session_key?: string;
				created_at?: string;
				tags?: string[];
				tier?: Tier;
			}>;
			responses: { 201: Answered<MemoryView> } & Refusals;
		};
	};
	'/api/memory/search': {
		post: {
			parameters: NoParameters;
			requestBody: Taken<{
				query: string;
				limit?: number;
				tier?: Tier;
				kind?: Kind;
				session_id?: string;
				from?: string;
				to?: string;
			}>;
			responses: { 200: Answered<SearchResults> } & Refusals;
		};
	};
	'/api/memory/context': {
		get: {
			parameters: {
				query?: { q?: string; session_id?: string };
				header?: never;
				path?: never;
				cookie?: never;
			};
			requestBody?: never;
			responses: { 200: Answered<PromptContext> } & Refusals;
		};
	};
	'/api/memory/forget': {
		post: {
			parameters: NoParameters;
			requestBody: Taken<Forget>;
			responses: { 200: Answered<Forgotten> } & Refusals;
		};
	};
	'/api/memory/stats': {
		get: { parameters: NoParameters; requestBody?: never; responses: { 200: Answered<MemoryStats> } };
	};
	'/api/memory/timeline': {
		get: {
			parameters: {
				query?: { before?: string; limit?: number };
				header?: never;
				path?: never;
				cookie?: never;
			};
			requestBody?: never;
			responses: { 200: Answered<Timeline> };
		};
	};
	'/api/memory/profile': {
		get: { parameters: NoParameters; requestBody?: never; responses: { 200: Answered<MemoryProfile> } };
		post: {
			parameters: NoParameters;
			requestBody: Taken<{ text: string }>;
			responses: { 201: Answered<MemoryView> } & Refusals;
		};
	};
	'/api/memory/distil': {
		post: {
			parameters: NoParameters;
			requestBody: Taken<{ session_id?: string }>;
			responses: { 202: Answered<{ job_ids: string[]; sessions: number }> } & Refusals;
		};
	};
	'/api/memory/jobs': {
		get: { parameters: NoParameters; requestBody?: never; responses: { 200: Answered<MemoryJobs> } };
	};
	'/api/memory/jobs/{id}/retry': {
		post: { parameters: ById; requestBody?: never; responses: { 202: Nothing } & Refusals };
	};
	'/api/memory/export': {
		get: {
			parameters: NoParameters;
			requestBody?: never;
			responses: { 200: Answered<string, 'application/x-ndjson'> };
		};
	};
	'/api/memory/import': {
		post: {
			parameters: NoParameters;
			requestBody: { content: { 'application/x-ndjson': string } };
			responses: { 200: Answered<Imported> } & Refusals;
		};
	};
	'/api/admin/memory': {
		get: { parameters: NoParameters; requestBody?: never; responses: { 200: Answered<AdminMemory> } };
	};
	'/api/admin/memory/embedding': {
		post: {
			parameters: NoParameters;
			requestBody: Taken<{ provider: 'builtin' | 'ollama' | 'off'; model?: string }>;
			responses: { 200: Answered<AdminMemory> } & Refusals;
		};
	};
	'/api/admin/memory/distil': {
		post: {
			parameters: NoParameters;
			requestBody?: Taken<Record<string, never>>;
			responses: { 202: Answered<{ sessions: number }> } & Refusals;
		};
	};
	'/api/chat/sessions': Omit<Sessions, 'get'> & {
		get: Omit<Sessions['get'], 'responses'> & {
			responses: { 200: Answered<{ items: Session[]; next_before?: string | null }> };
		};
	};
	'/api/chat/sessions/{id}': Omit<OneSession, 'get' | 'patch'> & {
		get: Omit<OneSession['get'], 'responses'> & { responses: { 200: Answered<Session> } & Refusals };
		patch: Omit<OneSession['patch'], 'requestBody' | 'responses'> & {
			requestBody: Taken<{ title?: string; use_memory?: boolean }>;
			responses: { 200: Answered<Session> } & Refusals;
		};
	};
	'/api/chat/history/{id}': Omit<History, 'get'> & {
		get: Omit<History['get'], 'responses'> & {
			responses: { 200: Answered<{ items: Message[]; next_before?: string | null }> } & Refusals;
		};
	};
}
