export interface paths {
	'/api/auth/health': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/** Whether accounts can be read. */
		get: operations['get_auth_health'];
		put?: never;
		post?: never;
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/auth/login': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		get?: never;
		put?: never;
		/** Signs in. An unknown address and a wrong password give the same answer after the same work. */
		post: operations['post_auth_login'];
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/auth/logout': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		get?: never;
		put?: never;
		/** Ends this sign-in. Always 204: someone who is already signed out has what they want. */
		post: operations['post_auth_logout'];
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/auth/logout-all': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		get?: never;
		put?: never;
		/** Ends every sign-in of the caller. */
		post: operations['post_auth_logout_all'];
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/auth/me': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/** The signed-in person. */
		get: operations['get_auth_me'];
		put?: never;
		post?: never;
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/auth/refresh': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		get?: never;
		put?: never;
		/** Exchanges a refresh token for a new pair. */
		post: operations['post_auth_refresh'];
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/auth/register': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		get?: never;
		put?: never;
		/** Makes an account and signs it in. */
		post: operations['post_auth_register'];
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/auth/sessions': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/** The caller's sign-ins, newest first. */
		get: operations['get_auth_sessions'];
		put?: never;
		post?: never;
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/auth/sessions/{id}': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		get?: never;
		put?: never;
		post?: never;
		/** Ends one of the caller's sign-ins. */
		delete: operations['delete_auth_sessions_id'];
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/auth/setup': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		get?: never;
		put?: never;
		/** Makes the first administrator and signs them in. */
		post: operations['post_auth_setup'];
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/chat/history/{id}': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/** Messages of all branches, newest first; `parent_id` tells the branches apart. */
		get: operations['get_chat_history_id'];
		put?: never;
		post?: never;
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/chat/message': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		get?: never;
		put?: never;
		/** Asks and waits for the whole answer. */
		post: operations['post_chat_message'];
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/chat/messages/{id}/edit': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		get?: never;
		put?: never;
		/**
		 * Puts other words in the place of one of the caller's messages and answers them, in a branch of
		 *     its own; the old branch stays.
		 */
		post: operations['post_chat_messages_id_edit'];
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/chat/messages/{id}/regenerate': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		get?: never;
		put?: never;
		/** Writes another answer to the same question, beside the one given. */
		post: operations['post_chat_messages_id_regenerate'];
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/chat/models': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/** The models of the configured server. */
		get: operations['get_chat_models'];
		put?: never;
		post?: never;
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/chat/sessions': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/** The caller's conversations, last used first. */
		get: operations['get_chat_sessions'];
		put?: never;
		/** Begins an empty conversation. */
		post: operations['post_chat_sessions'];
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/chat/sessions/{id}': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/** One conversation. */
		get: operations['get_chat_sessions_id'];
		put?: never;
		post?: never;
		/**
		 * Deletes a conversation, and forgets what was said in it unless `keep_memory` is set. An answer
		 *     that is being written is stopped.
		 */
		delete: operations['delete_chat_sessions_id'];
		options?: never;
		head?: never;
		/** Renames a conversation. */
		patch: operations['patch_chat_sessions_id'];
		trace?: never;
	};
	'/api/chat/sessions/{id}/end': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		get?: never;
		put?: never;
		/** Marks a conversation as ended. A later message reopens it. */
		post: operations['post_chat_sessions_id_end'];
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/chat/stream': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		get?: never;
		put?: never;
		/**
		 * Asks and streams the answer as server-sent events. The answer is written to its end whether
		 *     anybody follows it or not.
		 */
		post: operations['post_chat_stream'];
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/chat/turns/{id}/events': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/** Follows a turn from the event after `Last-Event-ID`, or from the start. */
		get: operations['get_chat_turns_id_events'];
		put?: never;
		post?: never;
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/chat/turns/{id}/stop': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		get?: never;
		put?: never;
		/**
		 * Stops an answer; what was written stays. Returns when the end is stored; a turn that has ended
		 *     already is left as it is.
		 */
		post: operations['post_chat_turns_id_stop'];
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/intelligence/health': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/** Whether a model answers. */
		get: operations['get_intelligence_health'];
		put?: never;
		post?: never;
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/memory': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/** What is remembered, newest first, or best first for a search. */
		get: operations['get_memory'];
		put?: never;
		post?: never;
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/memory/health': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/** Whether everything remembered can be found. */
		get: operations['get_memory_health'];
		put?: never;
		post?: never;
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/memory/search': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		get?: never;
		put?: never;
		/** Searches what is remembered by words. */
		post: operations['post_memory_search'];
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/memory/{id}': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/** One memory. */
		get: operations['get_memory_id'];
		put?: never;
		post?: never;
		/** Forgets one memory. The message it came from stays. */
		delete: operations['delete_memory_id'];
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/api/status': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/** Whether the whole works, and what a newcomer may do. */
		get: operations['get_status'];
		put?: never;
		post?: never;
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/health': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/** Alive. */
		get: operations['get_health'];
		put?: never;
		post?: never;
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/metrics': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/** Prometheus text, for the allowed networks. */
		get: operations['get_metrics'];
		put?: never;
		post?: never;
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
	'/ready': {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		/** Ready to serve: 200 when `ok` or `degraded`, 503 when `down`. */
		get: operations['get_ready'];
		put?: never;
		post?: never;
		delete?: never;
		options?: never;
		head?: never;
		patch?: never;
		trace?: never;
	};
}
export type webhooks = Record<string, never>;
export interface components {
	schemas: {
		Answer: {
			error?: components['schemas']['MessageError'] | null;
			finish_reason?: string | null;
			/** Format: int64 */
			latency_ms: number;
			memories: components['schemas']['UsedMemoryView'][];
			/** Format: uuid */
			message_id: string;
			model?: string | null;
			response: string;
			/** Format: uuid */
			session_id: string;
			status: components['schemas']['Status'];
			/** Format: int32 */
			tokens_used: number;
			/** Format: uuid */
			turn_id: string;
		};
		AskRequest: {
			message: string;
			model?: string | null;
			/**
			 * Format: uuid
			 * @description The conversation to continue; without it a new one begins.
			 */
			session_id?: string | null;
			/** @description `false`: neither recalls earlier conversations nor remembers this turn. */
			use_memory?: boolean;
		};
		/** @enum {string} */
		Author: 'user' | 'assistant';
		/** @description How one capability does. */
		Capability: {
			/** Format: date-time */
			checked_at: string;
			/**
			 * Format: int64
			 * @description How long the check took.
			 */
			latency_ms: number;
			/** @description `ok`, `degraded` or `down`. */
			status: string;
		};
		/** @description How full the model's window is. */
		Context: {
			/** @description Messages of this conversation that did not fit. */
			dropped: number;
			/** @description Tokens of the whole window. */
			limit: number;
			/** @description Tokens of the prompt, estimated. */
			used: number;
		};
		Credentials: {
			email: string;
			password: components['schemas']['Password'];
		};
		/** @description One thing that NovaCore depends on. */
		Dependency: {
			name: string;
			/** @description Only for callers on this machine. */
			reason?: string | null;
			/** @description `ok`, `degraded` or `down`. */
			status: string;
		};
		/** @description Event `done`. */
		Done: {
			/** @description Always empty: the text came in `delta` events. */
			content: string;
			done: boolean;
			finish_reason: string;
			/** Format: int64 */
			latency_ms: number;
			/** Format: uuid */
			message_id: string;
			/** Format: uuid */
			session_id: string;
			/** Format: int32 */
			tokens_used: number;
		};
		EditRequest: {
			message: string;
		};
		/** @description Event `error`: the answer ended without being complete. */
		Failed: {
			code: string;
			done: boolean;
			error: string;
		};
		/** @description The body of every failure. */
		Failure: {
			/** @description A stable word for a program. */
			code: string;
			correlation_id: string;
			/** @description A sentence for a person. */
			error: string;
			/** @description What is wrong with which field. */
			fields?: {
				[key: string]: string;
			};
			/**
			 * Format: date-time
			 * @description When the limit that was met starts anew.
			 */
			resets_at?: string | null;
		};
		/** @description One finding of a search. */
		Found: {
			/** Format: date-time */
			created_at: string;
			/** Format: uuid */
			id: string;
			/** @description Words of the query that occur in it. */
			matched: string[];
			/**
			 * Format: float
			 * @description BM25; comparable within one search only.
			 */
			score: number;
			/** Format: uuid */
			session_id: string;
			speaker: components['schemas']['Speaker'];
			text: string;
			/** @description Always `itm` until promotion exists. */
			tier: string;
		};
		Health: {
			/** @description Always `ok`: the process answers. */
			status: string;
			version: string;
		};
		MemoryList: {
			items: components['schemas']['MemoryView'][];
			/** Format: uuid */
			next_before?: string | null;
			/**
			 * Format: int64
			 * @description How many there are in all; not given for a search.
			 */
			total?: number | null;
		};
		MemoryView: {
			/** Format: date-time */
			created_at: string;
			/** Format: uuid */
			id: string;
			/** Format: uuid */
			session_id: string;
			speaker: components['schemas']['Speaker'];
			text: string;
			/** @description Always `itm` until promotion exists. */
			tier: string;
		};
		MessageError: {
			code: string;
			error: string;
		};
		MessageList: {
			items: components['schemas']['MessageView'][];
			/** Format: uuid */
			next_before?: string | null;
		};
		MessageView: {
			content: string;
			/** Format: date-time */
			created_at: string;
			error?: components['schemas']['MessageError'] | null;
			/** @description `stop`, `length`, `stopped` or `interrupted`. */
			finish_reason?: string | null;
			/** Format: uuid */
			id: string;
			/** Format: int64 */
			latency_ms?: number | null;
			memories: components['schemas']['UsedMemoryView'][];
			model?: string | null;
			/** Format: uuid */
			parent_id?: string | null;
			role: components['schemas']['Author'];
			/** Format: uuid */
			session_id: string;
			status: components['schemas']['Status'];
			/** @description What a thinking model thought; never part of the answer. */
			thinking?: string;
			/**
			 * Format: int32
			 * @description The person's own words by our count, and the answer.
			 */
			tokens_used?: number | null;
			/** Format: uuid */
			turn_id: string;
		};
		ModelView: {
			/**
			 * Format: int32
			 * @description The model's own limit, tokens.
			 */
			context_length?: number | null;
			name: string;
			/**
			 * Format: int32
			 * @description The window that is used, tokens.
			 */
			num_ctx: number;
			thinking: boolean;
		};
		Models: {
			default?: string | null;
			/** @description The answers come from the demonstration model: a toy for a first look. */
			demo: boolean;
			items: components['schemas']['ModelView'][];
			problem?: components['schemas']['Problem'] | null;
			/** @example ollama */
			provider: string;
		};
		NewSession: {
			/** @description The model for this conversation, where the person prefers one. */
			model?: string | null;
			title?: string | null;
		};
		/**
		 * Format: password
		 * @description A password as typed. Has no way to be shown.
		 */
		Password: string;
		PasswordRule: {
			max: number;
			/** @description Characters. */
			min: number;
		};
		/** @description Events `delta` and `thinking`. */
		Piece: {
			content: string;
			/** @description Always false. */
			done: boolean;
		};
		/** @description What is in the way, and the shell lines that help. */
		Problem: {
			code: string;
			commands: string[];
			error: string;
		};
		/** @description A user as everybody who may see one sees it. */
		PublicUser: {
			/** Format: date-time */
			created_at: string;
			email: string;
			email_verified: boolean;
			/** Format: date-time */
			email_verified_at?: string | null;
			/** Format: uuid */
			id: string;
			role: components['schemas']['Role'];
		};
		/** @description Event `queued`. */
		Queued: {
			/** @description 1 is next. */
			position: number;
		};
		Ready: {
			dependencies: components['schemas']['Dependency'][];
			/** @description The worst of the dependencies' states; a missing model server is only `degraded`. */
			status: string;
			version: string;
		};
		RefreshToken: {
			/** @description Clients that are no browser send it here; a browser sends its cookie. */
			refresh_token?: string | null;
		};
		Rename: {
			title: string;
		};
		/** @enum {string} */
		Role: 'user' | 'admin';
		SearchRequest: {
			/** @description At most this many, 10 unless told, 1000 at most. */
			limit?: number | null;
			/** @description Words to search for; read as words, never as a query language. */
			query: string;
		};
		SearchResults: {
			results: components['schemas']['Found'][];
			/** Format: int64 */
			took_ms: number;
			total: number;
		};
		SessionList: {
			items: components['schemas']['SessionView'][];
			next_before?: string | null;
		};
		SessionView: {
			/** Format: date-time */
			created_at: string;
			/** Format: date-time */
			ended_at?: string | null;
			/** Format: uuid */
			id: string;
			model?: string | null;
			title: string;
			/** Format: date-time */
			updated_at: string;
		};
		SetUp: {
			email: string;
			password: components['schemas']['Password'];
			/** @description The part of the set-up link after `#`. */
			token: string;
		};
		SignInList: {
			items: components['schemas']['SignInView'][];
		};
		/** @description A sign-in as its owner sees it. */
		SignInView: {
			address: string;
			/** Format: date-time */
			created_at: string;
			/** @description Whether it is the one asking. */
			current: boolean;
			/** @description The browser or program, in its own words. */
			device: string;
			/** Format: date-time */
			expires_at: string;
			/** Format: uuid */
			id: string;
			/**
			 * Format: date-time
			 * @description To within the lifetime of an access token.
			 */
			last_seen_at: string;
		};
		/** @description The answer to every successful sign-in. */
		SignedIn: {
			access_token: string;
			/**
			 * Format: int64
			 * @description Seconds until the access token expires.
			 */
			expires_in: number;
			/** @description Only for clients that are no browser; a browser gets it as a cookie. */
			refresh_token?: string | null;
			/** @description Always `Bearer`. */
			token_type: string;
			user: components['schemas']['PublicUser'];
		};
		/** @description Event `snapshot`: replaces what the client has. */
		Snapshot: {
			content: string;
		};
		/** @enum {string} */
		Speaker: 'user' | 'assistant';
		/** @description Event `start`. */
		Start: {
			context?: components['schemas']['Context'] | null;
			memories: components['schemas']['UsedMemoryView'][];
			/** Format: uuid */
			message_id: string;
			model?: string | null;
			/** Format: uuid */
			session_id: string;
			/** Format: uuid */
			turn_id: string;
			/** Format: uuid */
			user_message_id: string;
		};
		/** @enum {string} */
		Status: 'streaming' | 'complete' | 'stopped' | 'interrupted' | 'failed';
		/** @description A memory that an answer was given, and why. */
		UsedMemoryView: {
			/** Format: date-time */
			created_at?: string | null;
			forgotten: boolean;
			/** Format: uuid */
			id: string;
			/** @description Why it was chosen, in words. */
			reasons: string[];
			/**
			 * Format: float
			 * @description Comparable within one answer only.
			 */
			score: number;
			/** Format: uuid */
			session_id?: string | null;
			session_title?: string | null;
			speaker?: components['schemas']['Speaker'] | null;
			/** @description Empty when it was forgotten since. */
			text: string;
		};
	};
	responses: never;
	parameters: never;
	requestBodies: never;
	headers: never;
	pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
	get_auth_health: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Capability'];
				};
			};
		};
	};
	post_auth_login: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody: {
			content: {
				'application/json': components['schemas']['Credentials'];
			};
		};
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['SignedIn'];
				};
			};
			/** @description credentials_invalid */
			401: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
			429: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
		};
	};
	post_auth_logout: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody: {
			content: {
				'application/json': components['schemas']['RefreshToken'];
			};
		};
		responses: {
			204: {
				headers: {
					[name: string]: unknown;
				};
				content?: never;
			};
		};
	};
	post_auth_logout_all: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody: {
			content: {
				'application/json': components['schemas']['RefreshToken'];
			};
		};
		responses: {
			204: {
				headers: {
					[name: string]: unknown;
				};
				content?: never;
			};
			401: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
		};
	};
	get_auth_me: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['PublicUser'];
				};
			};
			401: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
		};
	};
	post_auth_refresh: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody: {
			content: {
				'application/json': components['schemas']['RefreshToken'];
			};
		};
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['SignedIn'];
				};
			};
			401: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
		};
	};
	post_auth_register: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody: {
			content: {
				'application/json': components['schemas']['Credentials'];
			};
		};
		responses: {
			201: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['SignedIn'];
				};
			};
			/** @description registration_closed */
			403: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
			/** @description email_taken */
			409: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
			422: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
		};
	};
	get_auth_sessions: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['SignInList'];
				};
			};
		};
	};
	delete_auth_sessions_id: {
		parameters: {
			query?: never;
			header?: never;
			path: {
				id: string;
			};
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			204: {
				headers: {
					[name: string]: unknown;
				};
				content?: never;
			};
			404: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
		};
	};
	post_auth_setup: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody: {
			content: {
				'application/json': components['schemas']['SetUp'];
			};
		};
		responses: {
			201: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['SignedIn'];
				};
			};
			/** @description setup_token_invalid */
			403: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
			/** @description setup_done */
			409: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
			422: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
		};
	};
	get_chat_history_id: {
		parameters: {
			query?: {
				/** @description At most this many, 50 unless told, 1000 at most. */
				limit?: number | null;
				/** @description `next_before` of the page before. */
				before?: string | null;
			};
			header?: never;
			path: {
				id: string;
			};
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['MessageList'];
				};
			};
			404: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
		};
	};
	post_chat_message: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody: {
			content: {
				'application/json': components['schemas']['AskRequest'];
			};
		};
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Answer'];
				};
			};
			404: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
			409: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
			422: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
			/** @description model_unavailable */
			503: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
		};
	};
	post_chat_messages_id_edit: {
		parameters: {
			query?: never;
			header?: never;
			path: {
				id: string;
			};
			cookie?: never;
		};
		requestBody: {
			content: {
				'application/json': components['schemas']['EditRequest'];
			};
		};
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'text/event-stream': unknown;
				};
			};
			404: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
			409: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
			422: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
		};
	};
	post_chat_messages_id_regenerate: {
		parameters: {
			query?: never;
			header?: never;
			path: {
				id: string;
			};
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'text/event-stream': unknown;
				};
			};
			404: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
			409: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
		};
	};
	get_chat_models: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Models'];
				};
			};
		};
	};
	get_chat_sessions: {
		parameters: {
			query?: {
				/** @description At most this many, 50 unless told, 1000 at most. */
				limit?: number | null;
				/** @description `next_before` of the page before. */
				before?: string | null;
			};
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['SessionList'];
				};
			};
		};
	};
	post_chat_sessions: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody: {
			content: {
				'application/json': components['schemas']['NewSession'];
			};
		};
		responses: {
			201: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['SessionView'];
				};
			};
			422: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
		};
	};
	get_chat_sessions_id: {
		parameters: {
			query?: never;
			header?: never;
			path: {
				id: string;
			};
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['SessionView'];
				};
			};
			404: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
		};
	};
	delete_chat_sessions_id: {
		parameters: {
			query?: {
				/** @description `true` keeps what is remembered from it. */
				keep_memory?: boolean;
			};
			header?: never;
			path: {
				id: string;
			};
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			204: {
				headers: {
					[name: string]: unknown;
				};
				content?: never;
			};
			404: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
		};
	};
	patch_chat_sessions_id: {
		parameters: {
			query?: never;
			header?: never;
			path: {
				id: string;
			};
			cookie?: never;
		};
		requestBody: {
			content: {
				'application/json': components['schemas']['Rename'];
			};
		};
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['SessionView'];
				};
			};
			404: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
			422: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
		};
	};
	post_chat_sessions_id_end: {
		parameters: {
			query?: never;
			header?: never;
			path: {
				id: string;
			};
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['SessionView'];
				};
			};
			404: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
		};
	};
	post_chat_stream: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody: {
			content: {
				'application/json': components['schemas']['AskRequest'];
			};
		};
		responses: {
			/** @description start, queued, thinking, delta, done or error */
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'text/event-stream': unknown;
				};
			};
			404: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
			409: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
			422: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
		};
	};
	get_chat_turns_id_events: {
		parameters: {
			query?: never;
			header?: {
				'Last-Event-ID'?: string | null;
			};
			path: {
				id: string;
			};
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'text/event-stream': unknown;
				};
			};
			404: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
		};
	};
	post_chat_turns_id_stop: {
		parameters: {
			query?: never;
			header?: never;
			path: {
				id: string;
			};
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			204: {
				headers: {
					[name: string]: unknown;
				};
				content?: never;
			};
			404: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
		};
	};
	get_intelligence_health: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Capability'];
				};
			};
		};
	};
	get_memory: {
		parameters: {
			query?: {
				/** @description Words to search for instead of listing by time. */
				q?: string | null;
				/** @description At most this many, 50 unless told, 1000 at most. */
				limit?: number | null;
				/** @description `next_before` of the page before. */
				before?: string | null;
			};
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['MemoryList'];
				};
			};
		};
	};
	get_memory_health: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Capability'];
				};
			};
		};
	};
	post_memory_search: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody: {
			content: {
				'application/json': components['schemas']['SearchRequest'];
			};
		};
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['SearchResults'];
				};
			};
			422: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
		};
	};
	get_memory_id: {
		parameters: {
			query?: never;
			header?: never;
			path: {
				id: string;
			};
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['MemoryView'];
				};
			};
			404: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
		};
	};
	delete_memory_id: {
		parameters: {
			query?: never;
			header?: never;
			path: {
				id: string;
			};
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			204: {
				headers: {
					[name: string]: unknown;
				};
				content?: never;
			};
			404: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
		};
	};
	get_status: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Status'];
				};
			};
		};
	};
	get_health: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Health'];
				};
			};
		};
	};
	get_metrics: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'text/plain': string;
				};
			};
			403: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Failure'];
				};
			};
		};
	};
	get_ready: {
		parameters: {
			query?: never;
			header?: never;
			path?: never;
			cookie?: never;
		};
		requestBody?: never;
		responses: {
			200: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Ready'];
				};
			};
			503: {
				headers: {
					[name: string]: unknown;
				};
				content: {
					'application/json': components['schemas']['Ready'];
				};
			};
		};
	};
}
