// @vitest-environment jsdom
// The words and the small rules of signing in and of the account.
import { encode } from 'uqr';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { accountTitle, PLACES } from '../src/lib/account/places';
import { pathOf } from '../src/lib/account/qr';
import { codesAsText } from '../src/lib/account/recovery';
import { endOf, SCOPES, scopeWords } from '../src/lib/account/scopes';
import { wayIn } from '../src/lib/account/ways';
import { take } from '../src/lib/api/client';
import { asApiError, problemOf } from '../src/lib/api/problem';
import { codeProblem, inFours, plainCode } from '../src/lib/auth/code';
import { credentialJson, requestOptions, toBytes, toText } from '../src/lib/auth/passkey';
import { byWords, detailWords } from '../src/lib/auth/events';
import { linkProblem, providerProblem } from '../src/lib/auth/problems';
import { session } from '../src/lib/auth/session.svelte';
import { waiting } from '../src/lib/ui/time';

const user = {
	id: 'u',
	email: 'ada@example.org',
	email_verified: false,
	email_verified_at: null,
	role: 'user',
	plan: 'free',
	created_at: '2026-06-17T03:00:00Z',
	has_password: true,
	second_factor: false,
	second_factor_required: false
};
const signedIn = { user, access_token: 't', token_type: 'Bearer', expires_in: 900 };
const json = (status: number, body: unknown, headers = {}) =>
	new Response(JSON.stringify(body), { status, headers });
const refusal = (status: number, code: string, headers = {}) =>
	json(status, { error: 'No.', code, correlation_id: 'c' }, headers);

describe('codes', () => {
	// A code is taken as people type it, with spaces or in capitals; what cannot be one is not sent.
	it('are taken as they are typed', () => {
		expect(plainCode(' 123 456 ')).toBe('123456');
		expect(plainCode('AB3DE FG7HJ')).toBe('ab3de-fg7hj');
		expect(plainCode('ab3de-fg7hj')).toBe('ab3de-fg7hj');
		expect(codeProblem('123 456')).toBeUndefined();
		expect(codeProblem('12345')).toMatch(/six digits/);
		expect(codeProblem('ab3de-fg7hj')).toMatch(/six digits/);
		expect(codeProblem('ab3de-fg7hj', true)).toBeUndefined();
		expect(codeProblem('123456', true)).toMatch(/recovery code looks like/);
	});

	// The key can be typed from the screen.
	it('show a key in groups of four', () => {
		expect(inFours('ABCDEFGHIJ')).toBe('ABCD EFGH IJ');
		expect(inFours('ABCDEFGH')).toBe('ABCD EFGH');
	});

	// The file says what it is for, wherever it is found later.
	it('are saved with what they open', () => {
		const text = codesAsText(['a-1', 'a-2'], 'nova.example.org');
		expect(text).toMatch(/^Recovery codes for NovaCore at nova\.example\.org\n/);
		expect(text).toMatch(/\na-1\na-2\n$/);
	});
});

describe('the QR code', () => {
	// Every dark square is drawn once and no light one is: a camera reads what was encoded.
	it('is drawn square by square', () => {
		const { data } = encode('otpauth://totp/NovaCore:ada?secret=JBSWY3DP', { border: 0 });
		const drawn = data.map((row) => row.map(() => 0));
		for (const [, x, y, width] of pathOf(data).matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g))
			for (let at = Number(x); at < Number(x) + Number(width); at++) drawn[Number(y)]![at]! += 1;
		expect(drawn).toEqual(data.map((row) => row.map(Number)));
	});
});

describe('waiting', () => {
	// Never told to come back too early, and never in a unit one must convert.
	it('is said in seconds, minutes or hours', () => {
		expect(waiting(0.2)).toBe('1 second');
		expect(waiting(45)).toBe('45 seconds');
		expect(waiting(91)).toBe('2 minutes');
		expect(waiting(5401)).toBe('2 hours');
	});

	// A throttled answer says when the server listens again, through the typed client too.
	it('is read from the answer', async () => {
		const before = Date.now();
		const refused = await problemOf(refusal(429, 'login_throttled', { 'Retry-After': '30' }));
		expect(refused.retryAt).toBeGreaterThanOrEqual(before + 30_000);
		const response = refusal(429, 'rate_limited', { 'Retry-After': '60' });
		const error = { error: 'No.', code: 'rate_limited', correlation_id: 'c' };
		const thrown = await take(Promise.resolve({ error, response })).catch(asApiError);
		expect(thrown).toMatchObject({ code: 'rate_limited', status: 429 });
		expect((thrown as { retryAt: number }).retryAt).toBeGreaterThanOrEqual(before + 60_000);
		expect((await problemOf(refusal(500, 'internal'))).retryAt).toBeUndefined();
	});
});

describe('words', () => {
	// Every reason the contract names is told in a sentence of its own; a new one is shown as it is.
	it('stand for every problem at a provider', () => {
		const codes =
			'oidc_refused oidc_failed oidc_expired oidc_address_unverified oidc_account_unverified oidc_not_allowed oidc_link_first oidc_taken account_disabled'.split(
				' '
			);
		const said = codes.map(providerProblem);
		expect(new Set(said).size).toBe(codes.length);
		for (const [index, words] of said.entries()) expect(words).not.toContain(codes[index]);
		expect(providerProblem('oidc_newer')).toContain('oidc_newer');
	});

	it('stand for a link that is over, used or wrong, and for nothing else', () => {
		for (const code of ['link_expired', 'link_used', 'link_invalid'])
			expect(linkProblem(code)?.title).toMatch(/^This link/);
		expect(linkProblem('rate_limited')).toBeNull();
	});

	it('say who did it, when it was somebody else', () => {
		expect(detailWords('verify_email')).toBe('verify email');
		expect(detailWords('my_Laptop')).toBe('my_Laptop');
		expect(byWords('you')).toBe('');
		expect(byWords('administrator')).toBe('by the administrator');
	});

	it('stand for every scope and way in', () => {
		const scopes = 'chat:read chat:write memory:read memory:write usage:read openai mcp';
		expect(SCOPES.map(({ value }) => value).join(' ')).toBe(scopes);
		expect(scopeWords('chat:read')).toBe('Read your conversations');
		expect(scopeWords('new:scope')).toBe('new:scope');
		expect(wayIn('password', true)).toBe('with the password and a code');
		expect(wayIn('passkey', true)).toBe('with a passkey');
		expect(wayIn('telepathy', false)).toBe('telepathy');
		for (const { href, title } of PLACES) expect(accountTitle(href)).toBe(title);
	});

	// A token without an end is asked for by leaving the end out.
	it('turn a life in days into an end', () => {
		expect(endOf(7, Date.parse('2026-06-17T00:00:00Z'))).toBe('2026-06-24T00:00:00.000Z');
		expect(endOf(0)).toBeUndefined();
	});
});

describe('a passkey', () => {
	beforeEach(() => vi.stubGlobal('PublicKeyCredential', class {}));
	afterEach(() => vi.unstubAllGlobals());

	// Browsers without the JSON helpers sign in as well: bytes go there and back unchanged.
	it('is converted where the browser cannot', () => {
		const bytes = Uint8Array.from({ length: 70 }, (_, index) => (index * 37) % 256);
		expect(toText(bytes.buffer)).not.toMatch(/[+/=]/);
		expect([...toBytes(toText(bytes.buffer))]).toEqual([...bytes]);

		const options = requestOptions({
			challenge: '-_8',
			rpId: 'localhost',
			allowCredentials: [{ id: 'AQI', type: 'public-key' }]
		});
		expect([...(options.challenge as Uint8Array)]).toEqual([251, 255]);
		expect(options.allowCredentials?.[0]).toMatchObject({ type: 'public-key', id: new Uint8Array([1, 2]) });

		const buffer = (...list: number[]) => new Uint8Array(list).buffer;
		const credential = {
			id: 'AQI',
			rawId: buffer(1, 2),
			type: 'public-key',
			getClientExtensionResults: () => ({}),
			response: {
				clientDataJSON: buffer(3),
				authenticatorData: buffer(4),
				signature: buffer(5),
				userHandle: null
			}
		} as unknown as PublicKeyCredential;
		expect(credentialJson(credential)).toEqual({
			id: 'AQI',
			rawId: 'AQI',
			type: 'public-key',
			clientExtensionResults: {},
			response: { clientDataJSON: 'Aw', authenticatorData: 'BA', signature: 'BQ' }
		});
	});
});

describe('the session', () => {
	const answers = new Map<string, () => Response>();
	beforeEach(() => {
		vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => {
			const path = String(input instanceof Request ? new URL(input.url).pathname : input);
			return answers.get(path)?.() ?? refusal(404, 'not_found');
		});
	});
	afterEach(() => {
		session.ended();
		answers.clear();
		vi.restoreAllMocks();
	});

	// Where the address must be verified first, registering does not sign in, and says so.
	it('stays outside when the mail is to be opened first', async () => {
		session.ended();
		answers.set('/api/auth/register', () => json(202, { status: 'check_mail' }));
		expect(await session.enter('register', { email: 'a@b', password: 'p' })).toBe('check_mail');
		expect(session.phase).toBe('out');
		expect(session.user).toBeNull();
	});

	// As soon as the address is verified, here or elsewhere, the page knows.
	it('learns that the address is verified', async () => {
		answers.set('/api/auth/login', () => json(200, signedIn));
		answers.set('/api/auth/me', () => json(200, { ...user, email_verified: true }));
		expect(await session.enter('login', { email: 'a@b', password: 'p' })).toBe('in');
		expect(session.user?.email_verified).toBe(false);
		await session.verified();
		expect(session.user?.email_verified).toBe(true);
	});

	// A look that fails takes nothing away.
	it('keeps what it knows when it cannot ask', async () => {
		answers.set('/api/auth/login', () => json(200, signedIn));
		await session.enter('login', { email: 'a@b', password: 'p' });
		await session.look();
		expect(session.user?.email).toBe('ada@example.org');
		expect(session.phase).toBe('in');
	});

	// After a new password the person finds out why they are outside.
	it('ends with a word', async () => {
		answers.set('/api/auth/login', () => json(200, signedIn));
		await session.enter('login', { email: 'a@b', password: 'p' });
		session.ended('Your password is changed.');
		expect(session.phase).toBe('out');
		expect(session.notice).toBe('Your password is changed.');
		expect(await session.accessToken()).toBeNull();
	});
});
