// The one place that looks into the generated schema; everything else imports these words. Types are taken from what
// a route answers, so that a schema that changes its name on the server changes nothing here.
import type { paths } from './schema';

/** As it is sent: every field is there, null where there is nothing. The schema calls what may be null optional too. */
type Sent<T> = T extends readonly (infer Item)[]
	? Sent<Item>[]
	: T extends object
		? { [Key in keyof T]-?: Sent<T[Key]> }
		: T;

/** Where that holds: nothing that is empty is left out of these answers. */
type Complete =
	| `/api/memory${string}`
	| `/api/admin/memory${string}`
	| `/api/usage/${string}`
	| `/api/billing/${string}`
	| '/api/admin/usage'
	| `/api/admin/billing${string}`
	| `/api/admin/users/{id}/${'usage' | 'usage/correction' | 'resync'}`;

type Json<Body> = { headers: { [name: string]: unknown }; content: { 'application/json': Body } };
type Completed<Operation> = Operation extends { responses: infer Responses }
	? Omit<Operation, 'responses'> & {
			responses: {
				[Code in keyof Responses]: Code extends 200 | 201
					? Responses[Code] extends { content: { 'application/json': infer Body } }
						? Json<Sent<Body>>
						: Responses[Code]
					: Responses[Code];
			};
		}
	: Operation;

/** What the server answers to what. */
export type Routes = {
	[Path in keyof paths]: Path extends Complete
		? { [Method in keyof paths[Path]]: Completed<paths[Path][Method]> }
		: paths[Path];
};
type Answer<Path extends keyof Routes, Method extends 'get' | 'post', Status extends number = 200> =
	Routes[Path] extends Record<
		Method,
		{ responses: Record<Status, { content: { 'application/json': infer Body } }> }
	>
		? Body
		: never;

/** Every error body of the API. */
export interface Problem {
	error: string;
	code: string;
	correlation_id: string;
	fields?: Record<string, string>;
	resets_at?: string | null;
}

/** What the page must know before anybody has signed in. */
export type Status = Answer<'/api/status', 'get'>;
export type User = Answer<'/api/auth/me', 'get'>;
/** What may be done without being signed in, and how. */
export type AuthOptions = Answer<'/api/auth/options', 'get'>;
export type InvitedTo = Answer<'/api/auth/invitation', 'post'>;
export type SignedIn = Answer<'/api/auth/login', 'post'>;
export type SignIn = Answer<'/api/auth/sessions', 'get'>['items'][number];
export type SecondFactor = Answer<'/api/auth/second-factor', 'get'>;
export type Passkey = Answer<'/api/auth/passkeys', 'get'>['items'][number];
export type Identity = Answer<'/api/auth/identities', 'get'>['items'][number];
export type ApiToken = Answer<'/api/auth/tokens', 'get'>['items'][number];
export type Activity = Answer<'/api/auth/activity', 'get'>['items'][number];
export type OwnFeedback = Answer<'/api/account/feedback', 'get'>['items'][number];
export type Models = Answer<'/api/chat/models', 'get'>;
export type ChatSession = Answer<'/api/chat/sessions', 'get'>['items'][number];
export type Message = Answer<'/api/chat/history/{id}', 'get'>['items'][number];
export type RecalledMemory = Message['memories'][number];
/** What is remembered, as its owner sees it. */
export type MemoryPage = Answer<'/api/memory', 'get'>;
export type MemoryWhole = Answer<'/api/memory/{id}', 'get'>;
export type Memory = MemoryWhole['derived'][number];
export type MemorySearch = Answer<'/api/memory/search', 'post'>;
export type FoundMemory = MemorySearch['results'][number];
export type ScorePart = FoundMemory['parts'][number];
export type Tier = Memory['tier'];
/** The shelves as people see them: besides those of what is stored, the conversation that runs. */
export type Shelf = keyof MemoryStats['by_tier'];
export type MemoryKind = Memory['kind'];
export type ResolvedDate = Memory['dates'][number];
/** What is to be forgotten; with `dry_run` it is only counted. */
export type ForgetRequest =
	Routes['/api/memory/forget']['post']['requestBody']['content']['application/json'];
/** What goes with what is forgotten. */
export type Forgotten = Answer<'/api/memory/forget', 'post'>;
export type MemoryImport = Answer<'/api/memory/import', 'post'>;
export type MemoryStats = Answer<'/api/memory/stats', 'get'>;
export type MemoryTimeline = Answer<'/api/memory/timeline', 'get'>;
export type MemoryProfile = Answer<'/api/memory/profile', 'get'>;
export type MemoryJobs = Answer<'/api/memory/jobs', 'get'>;
export type MemoryJob = MemoryJobs['items'][number];
/** How memory is kept for everybody; for administrators. */
export type AdminMemory = Answer<'/api/admin/memory', 'get'>;
/** How well the data is kept; for administrators. */
export type StorageState = Answer<'/api/admin/storage', 'get'>;

/** What administrators see of the server's people and its work. */
export type PeoplePage = Answer<'/api/admin/users', 'get'>;
export type Person = PeoplePage['items'][number];
export type PersonWhole = Answer<'/api/admin/users/{id}', 'get'>;
export type Invitation = Answer<'/api/admin/invitations', 'get'>['items'][number];
export type MailPage = Answer<'/api/admin/mails', 'get'>;
export type Mail = MailPage['items'][number];
export type MailText = Answer<'/api/admin/mails/{id}/show', 'post'>;
export type AuditEntry = Answer<'/api/admin/audit', 'get'>['items'][number];
export type EventWord = AuditEntry['event'];
export type Feedback = Answer<'/api/admin/feedback', 'get'>['items'][number];
export type ServiceAccount = Answer<'/api/admin/services', 'get'>['items'][number];
export type Receiver = Answer<'/api/admin/receivers', 'get'>['items'][number];
export type Job = Answer<'/api/admin/jobs', 'get'>['items'][number];

/** Plans and paying. */
export type Plans = Answer<'/api/billing/plans', 'get'>;
export type Plan = Plans['items'][number];
export type PlanSource = PlanStanding['source'];
export type Period = Plan['sells'][number];
/** Which plan somebody has, why, and what they pay for. */
export type PlanStanding = Answer<'/api/billing/subscription', 'get'>;
export type Subscription = NonNullable<PlanStanding['subscription']>;
export type Invoice = Answer<'/api/billing/invoices', 'get'>['items'][number];
/** What somebody used, and how much of it there is. */
export type Quota = Answer<'/api/usage/quota', 'get'>;
export type Meter = Quota['tokens'];
export type UsageHistory = Answer<'/api/usage/history', 'get'>;
export type UsageDay = UsageHistory['items'][number];
export type UsageStats = Answer<'/api/usage/stats', 'get'>;
export type LedgerEntry = Answer<'/api/usage/ledger', 'get'>['items'][number];
/** What is counted. */
export type Resource = LedgerEntry['resource'];
/** What administrators see of who uses what, and of payments. */
export type UsagePage = Answer<'/api/admin/usage', 'get'>;
export type PersonInUsage = UsagePage['items'][number];
export type PersonUsage = Answer<'/api/admin/users/{id}/usage', 'get'>;
export type BillingOverview = Answer<'/api/admin/billing', 'get'>;
export type BillingEvent = Answer<'/api/admin/billing/events', 'get'>['items'][number];
