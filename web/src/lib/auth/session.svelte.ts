// Who is signed in: the page's only global state. The access token lives here, in memory, and nowhere else;
// the refresh token is an HttpOnly cookie that no script can read.
import { asApiError, problemOf, unreachable, type ApiError } from '../api/problem';
import { dropDrafts } from '../chat/draft';
import type { SignedIn, Status, User } from '../api/types';

export type Entrance = 'login' | 'register' | 'setup' | 'passkey/finish' | 'oidc/second-factor';
export type Phase = 'starting' | 'setup' | 'out' | 'in' | 'unreachable';

/** Where one need not be known; elsewhere it is always asked whether one is. */
const DOORS = [
	'/login',
	'/register',
	'/setup',
	'/verify-email',
	'/forgot-password',
	'/reset-password',
	'/goodbye'
];
const HINT = 'novacore-signed-in';

/** Whether someone signed in with this browser before: a word, no secret. It spares newcomers a refused request. */
function hinted(): boolean {
	try {
		return localStorage.getItem(HINT) !== null;
	} catch {
		return true;
	}
}

function hint(signedIn: boolean): void {
	try {
		if (signedIn) localStorage.setItem(HINT, 'yes');
		else localStorage.removeItem(HINT);
	} catch {
		// Storage is blocked: the question is asked every time.
	}
}

/** Renew this long before the access token expires. */
const EARLY_MS = 45_000;

class Session {
	phase = $state<Phase>('starting');
	user = $state<User | null>(null);
	status = $state<Status | null>(null);
	/** Whether they run this server. For what is shown; what they may do the server decides each time. */
	readonly admin = $derived(this.user?.role === 'admin');
	/** Why the person finds themselves signed out, if it was not their own doing. */
	notice = $state<string | null>(null);
	/** They deleted their account: the page closes with a word of its own. */
	farewell = $state(false);

	#token: string | null = null;
	#expires = 0;
	/** False while the server could not be asked whether this sign-in still holds. */
	#reached = true;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#renewing: Promise<boolean> | null = null;
	#otherTabs = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('novacore-session');

	constructor() {
		this.#otherTabs?.addEventListener('message', ({ data }) => {
			if (data === 'signed-out') this.#clear('out');
			if (data === 'signed-in' && (this.phase === 'out' || this.phase === 'setup')) void this.start();
			if (data === 'verified' && this.phase === 'in') void this.look();
		});
	}

	/** On load: what does this server allow, and is this browser signed in? */
	async start(): Promise<void> {
		try {
			const response = await fetch('/api/status');
			if (!response.ok) throw await problemOf(response);
			this.status = (await response.json()) as Status;
		} catch {
			this.phase = 'unreachable';
			return;
		}
		if (this.status.setup_required) return this.#clear('setup');
		this.phase = 'starting';
		this.#reached = true;
		const known = this.status.signed_in ?? (hinted() || !DOORS.includes(location.pathname));
		if (!(known && (await this.renew())) && this.#reached) this.#clear('out');
	}

	/** Sign in, register or set up: the server answers all alike, or asks to look into the mail first. */
	async enter(path: Entrance, body: Record<string, unknown>): Promise<'in' | 'check_mail'> {
		const answer = (await this.#post(path, body)) as SignedIn | { status: 'check_mail' };
		if ('status' in answer) return answer.status;
		this.#accept(answer);
		this.#otherTabs?.postMessage('signed-in');
		return 'in';
	}

	/** Asks again who they are: what the account says may have changed elsewhere. */
	async look(): Promise<void> {
		const token = await this.accessToken();
		if (!token) return;
		try {
			const response = await fetch('/api/auth/me', { headers: { Authorization: `Bearer ${token}` } });
			if (response.ok && this.phase === 'in') this.user = (await response.json()) as User;
		} catch {
			// Nobody asked for it: what is known stays.
		}
	}

	/** Their address is verified: shown in every tab at once. */
	async verified(): Promise<void> {
		this.#otherTabs?.postMessage('verified');
		if (this.phase === 'in') await this.look();
	}

	/** The server ended every sign-in of this person, this one too. */
	ended(notice: string | null = null): void {
		this.#clear('out');
		this.notice = notice;
		dropDrafts();
		this.#otherTabs?.postMessage('signed-out');
	}

	async leave(everywhere = false): Promise<void> {
		await this.accessToken();
		try {
			await this.#post(everywhere ? 'logout-all' : 'logout', {});
		} catch (cause) {
			if (asApiError(cause).status !== 401) throw cause;
		}
		this.ended();
	}

	/** Where to go after signing in: back to where one was sent away from, but only within this page. */
	destination(): string {
		const to = new URLSearchParams(location.search).get('next') ?? '/';
		return /^\/(?![/\\])/.test(to) ? to : '/';
	}

	/** The server no longer knows this sign-in. */
	lost(): void {
		if (this.phase !== 'in') return;
		this.#clear('out');
		this.notice = 'You were signed out. Sign in again to go on; nothing you sent is lost.';
	}

	async accessToken(): Promise<string | null> {
		if (this.#token && Date.now() > this.#expires - 5_000) await this.renew();
		return this.#token;
	}

	/** One renewal at a time: within this tab by the promise, across tabs by a lock where the browser has one. */
	renew(): Promise<boolean> {
		this.#renewing ??= this.#renewLocked().finally(() => (this.#renewing = null));
		return this.#renewing;
	}

	async #renewLocked(): Promise<boolean> {
		const work = async () => {
			try {
				this.#accept((await this.#post('refresh', {})) as SignedIn);
				return true;
			} catch (cause) {
				this.#refused(asApiError(cause));
				return false;
			}
		};
		return navigator.locks ? navigator.locks.request('novacore-refresh', work) : work();
	}

	#refused(error: ApiError): void {
		this.#reached = error.status === 401;
		if (this.#reached) this.lost();
		else if (this.phase === 'starting') this.phase = 'unreachable';
		else this.#schedule(10_000);
	}

	async #post(path: string, body: Record<string, unknown>): Promise<unknown> {
		const headers: Record<string, string> = { 'Content-Type': 'application/json' };
		if (this.#token && path !== 'refresh') headers['Authorization'] = `Bearer ${this.#token}`;
		let response: Response;
		try {
			response = await fetch(`/api/auth/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
		} catch {
			throw unreachable();
		}
		if (!response.ok) throw await problemOf(response);
		return response.status === 204 ? null : response.json();
	}

	#accept(signedIn: SignedIn): void {
		this.#token = signedIn.access_token;
		this.#expires = Date.now() + signedIn.expires_in * 1000;
		this.user = signedIn.user;
		this.notice = null;
		this.farewell = false;
		this.phase = 'in';
		hint(true);
		if (this.status) this.status.setup_required = false;
		this.#schedule(Math.max(signedIn.expires_in * 1000 - EARLY_MS, 5_000));
	}

	#schedule(ms: number): void {
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => void this.renew(), ms);
	}

	#clear(phase: Phase): void {
		clearTimeout(this.#timer);
		this.#token = null;
		this.#expires = 0;
		this.user = null;
		this.phase = phase;
		hint(false);
	}
}

export const session = new Session();
