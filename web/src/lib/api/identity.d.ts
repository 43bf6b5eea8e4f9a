// What a person can do with their account, as openapi-typescript would write it. It stands in for the generated schema
// until that has these routes; nothing but client.ts and types.ts may import it.
interface None {
	query?: never;
	header?: never;
	path?: never;
	cookie?: never;
}
interface ById {
	query?: never;
	header?: never;
	path: { id: string };
	cookie?: never;
}
interface Json<Body> {
	headers: { [name: string]: unknown };
	content: { 'application/json': Body };
}
interface Nothing {
	headers: { [name: string]: unknown };
	content?: never;
}
interface Failure {
	error: string;
	code: string;
	correlation_id: string;
	fields?: Record<string, string>;
	resets_at?: string | null;
}
interface Ask<Answers, Parameters = None> {
	parameters: Parameters;
	requestBody?: never;
	responses: Answers & { 400: Json<Failure> };
}
interface Send<Body, Answers, Parameters = None> {
	parameters: Parameters;
	requestBody: { content: { 'application/json': Body } };
	responses: Answers & { 400: Json<Failure> };
}
interface Path {
	parameters: None;
}

interface AuthOptions {
	setup_required: boolean;
	registration: 'open' | 'invitation' | 'closed';
	verification: 'features' | 'login';
	mail: boolean;
	passkeys: boolean;
	oidc: { name: string } | null;
	support_address: string | null;
	known_limits: string[];
}
interface PublicUser {
	id: string;
	email: string;
	email_verified: boolean;
	email_verified_at?: string | null;
	role: 'user' | 'admin';
	plan: string;
	created_at: string;
	has_password: boolean;
	second_factor: boolean;
	second_factor_required: boolean;
}
interface SignedIn {
	user: PublicUser;
	access_token: string;
	refresh_token?: string | null;
	token_type: string;
	expires_in: number;
}
interface CheckMail {
	status: 'check_mail';
}
interface Invitation {
	email: string | null;
	plan: string | null;
	expires_at: string;
	support_address: string | null;
	known_limits: string[];
}
interface SignInView {
	id: string;
	current: boolean;
	device: string;
	address: string;
	method: 'password' | 'passkey' | 'oidc' | 'setup';
	second_factor: boolean;
	created_at: string;
	last_seen_at: string;
	expires_at: string;
}
interface SecondFactor {
	enabled: boolean;
	enabled_at: string | null;
	recovery_codes_left: number;
	required: boolean;
}
interface RecoveryCodes {
	recovery_codes: string[];
}
interface Passkey {
	id: string;
	name: string;
	created_at: string;
	last_used_at: string | null;
}
interface Identity {
	id: string;
	name: string;
	email: string;
	linked_at: string;
	last_used_at: string | null;
}
interface ApiToken {
	id: string;
	name: string;
	scopes: string[];
	created_at: string;
	expires_at: string | null;
	last_used_at: string | null;
}
interface Activity {
	id: string;
	at: string;
	event: string;
	result: 'ok' | 'refused';
	by: 'you' | 'administrator' | 'operator' | 'program';
	address: string | null;
	device: string | null;
	detail: string | null;
}
interface Feedback {
	id: string;
	text: string;
	rating: number | null;
	correlation_id: string | null;
	created_at: string;
	answer: string | null;
	answered_at: string | null;
}
interface Confirm {
	password?: string;
}
interface Ceremony<Options> {
	ceremony: string;
	options: { publicKey: Options };
}

export interface identity {
	'/api/auth/options': Path & { get: Ask<{ 200: Json<AuthOptions> }> };
	'/api/auth/me': Path & { get: Ask<{ 200: Json<PublicUser> }> };
	'/api/auth/login': Path & {
		post: Send<{ email: string; password: string; totp?: string }, { 200: Json<SignedIn> }>;
	};
	'/api/auth/invitation': Path & { post: Send<{ token: string }, { 200: Json<Invitation> }> };
	'/api/auth/verify-email': Path & {
		post: Send<{ token: string }, { 200: Json<{ email: string; email_verified_at: string }> }>;
	};
	'/api/auth/resend-verification': Path & { post: Send<{ email?: string }, { 202: Json<CheckMail> }> };
	'/api/auth/forgot-password': Path & { post: Send<{ email: string }, { 202: Json<CheckMail> }> };
	'/api/auth/reset-password': Path & { post: Send<{ token: string; password: string }, { 204: Nothing }> };
	'/api/auth/passkey/begin': Path & {
		post: Send<Record<string, never>, { 200: Json<Ceremony<PublicKeyCredentialRequestOptionsJSON>> }>;
	};
	'/api/auth/oidc/begin': Path & { post: Send<{ link?: boolean }, { 200: Json<{ url: string }> }> };
	'/api/auth/change-password': Path & {
		post: Send<{ current_password?: string; new_password: string }, { 204: Nothing }>;
	};
	'/api/auth/sessions': Path & {
		get: Ask<{ 200: Json<{ items: SignInView[] }> }>;
		delete: Ask<{ 204: Nothing }>;
	};
	'/api/auth/sessions/{id}': Path & { delete: Ask<{ 204: Nothing }, ById> };
	'/api/auth/second-factor': Path & { get: Ask<{ 200: Json<SecondFactor> }> };
	'/api/auth/second-factor/begin': Path & {
		post: Send<Confirm, { 200: Json<{ secret: string; otpauth_url: string }> }>;
	};
	'/api/auth/second-factor/enable': Path & { post: Send<{ code: string }, { 200: Json<RecoveryCodes> }> };
	'/api/auth/second-factor/recovery-codes': Path & {
		post: Send<Confirm & { code: string }, { 200: Json<RecoveryCodes> }>;
	};
	'/api/auth/second-factor/disable': Path & { post: Send<Confirm & { code: string }, { 204: Nothing }> };
	'/api/auth/passkeys/begin': Path & {
		post: Send<Confirm, { 200: Json<Ceremony<PublicKeyCredentialCreationOptionsJSON>> }>;
	};
	'/api/auth/passkeys': Path & {
		get: Ask<{ 200: Json<{ items: Passkey[] }> }>;
		post: Send<{ ceremony: string; name: string; credential: unknown }, { 201: Json<Passkey> }>;
	};
	'/api/auth/passkeys/{id}': Path & { delete: Ask<{ 204: Nothing }, ById> };
	'/api/auth/identities': Path & { get: Ask<{ 200: Json<{ items: Identity[] }> }> };
	'/api/auth/identities/{id}': Path & { delete: Ask<{ 204: Nothing }, ById> };
	'/api/auth/tokens': Path & {
		get: Ask<{ 200: Json<{ items: ApiToken[] }> }>;
		post: Send<
			{ name: string; scopes: string[]; expires_at?: string },
			{ 201: Json<ApiToken & { token: string }> }
		>;
	};
	'/api/auth/tokens/{id}': Path & { delete: Ask<{ 204: Nothing }, ById> };
	'/api/auth/activity': Path & {
		get: Ask<
			{ 200: Json<{ items: Activity[]; next_before: string | null }> },
			{ query?: { limit?: number; before?: string }; header?: never; path?: never; cookie?: never }
		>;
	};
	'/api/account/delete': Path & {
		post: Send<Confirm & { totp?: string }, { 202: Json<{ status: 'erasing' }> }>;
	};
	'/api/account/feedback': Path & {
		get: Ask<{ 200: Json<{ items: Feedback[] }> }>;
		post: Send<{ text: string; rating?: number; correlation_id?: string }, { 201: Json<Feedback> }>;
	};
}
