// @vitest-environment jsdom
// The forms of the account, drawn and used.
import { flushSync, mount, tick, unmount, type Component } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import Confirm from '../src/lib/account/Confirm.svelte';
import RecoveryCodes from '../src/lib/account/RecoveryCodes.svelte';
import TokenForm from '../src/lib/account/TokenForm.svelte';
import { ApiError } from '../src/lib/api/problem';
import type { User } from '../src/lib/api/types';
import CodeForm from '../src/lib/auth/CodeForm.svelte';
import { session } from '../src/lib/auth/session.svelte';
import VerifyBanner from '../src/lib/auth/VerifyBanner.svelte';

vi.mock('$app/navigation', () => ({ beforeNavigate: () => {}, goto: () => {}, replaceState: () => {} }));

const person: User = {
	id: 'u',
	email: 'ada@example.org',
	email_verified: true,
	email_verified_at: '2026-06-17T03:00:00Z',
	role: 'user',
	plan: 'free',
	created_at: '2026-06-17T03:00:00Z',
	has_password: true,
	second_factor: false,
	second_factor_required: false
};
const refused = (status: number, code: string) =>
	new ApiError(status, { code, error: `Server says ${code}.` });

let drawn: object | null = null;
function draw<Props extends Record<string, unknown>>(component: Component<Props>, props: Props): void {
	drawn = mount(component, { target: document.body, props });
	flushSync();
}
const field = (name: string) => document.querySelector<HTMLInputElement>(`input[name="${name}"]`);
const button = (words: string) =>
	[...document.querySelectorAll('button')].find((one) => one.textContent?.trim() === words);

function type(name: string, value: string): void {
	const input = field(name)!;
	input.value = value;
	input.dispatchEvent(new Event('input', { bubbles: true }));
}
async function submit(): Promise<void> {
	document
		.querySelector('form')!
		.dispatchEvent(new SubmitEvent('submit', { bubbles: true, cancelable: true }));
	for (let turn = 0; turn < 6; turn++) await tick();
}
/** What is said about a field, tied to it for those who hear the page. */
const errorOf = (name: string) =>
	(field(name)?.getAttribute('aria-describedby') ?? '')
		.split(' ')
		.map((id) => document.getElementById(id)?.textContent)
		.join(' ');

beforeEach(() => {
	session.user = person;
	session.phase = 'in';
	vi.spyOn(globalThis, 'fetch').mockImplementation(async () => new Response('{}', { status: 200 }));
});
afterEach(async () => {
	if (drawn) await unmount(drawn);
	drawn = null;
	document.body.replaceChildren();
	vi.restoreAllMocks();
});

describe('confirming', () => {
	// A wrong password is said at its field, which has the keyboard again.
	it('tells of a wrong password where it was typed', async () => {
		const act = vi.fn().mockRejectedValue(refused(403, 'password_wrong'));
		draw(Confirm, { verb: 'Do it', busy: 'Doing it…', act });
		type('password', 'guess');
		await submit();
		expect(act).toHaveBeenCalledWith({ password: 'guess', code: '' });
		expect(errorOf('password')).toContain('Server says password_wrong.');
		expect(document.activeElement).toBe(field('password'));
	});

	// Nothing is sent that is known to be missing.
	it('asks for what is missing first', async () => {
		const act = vi.fn();
		draw(Confirm, { verb: 'Do it', busy: 'Doing it…', code: true, act });
		await submit();
		expect(act).not.toHaveBeenCalled();
		expect(errorOf('password')).toContain('Enter your password.');
		expect(errorOf('code')).toContain('Enter the six digits');
	});

	// Who has no password is not asked for one, and learns what to do when the sign-in is too old.
	it('asks no password of those who have none', async () => {
		session.user = { ...person, has_password: false };
		const act = vi.fn().mockRejectedValue(refused(403, 'sign_in_again'));
		draw(Confirm, { verb: 'Do it', busy: 'Doing it…', act });
		expect(field('password')).toBeNull();
		await submit();
		expect(act).toHaveBeenCalledWith({ code: '' });
		expect(button('Sign out and in again')).toBeDefined();
	});
});

describe('a code', () => {
	// A phone offers the code it got and shows digits to type.
	it('is asked for so that the device can help', () => {
		draw(CodeForm, { verb: 'Sign in', busy: 'Signing in…', act: vi.fn() });
		expect(field('code')?.autocomplete).toBe('one-time-code');
		expect(field('code')?.inputMode).toBe('numeric');
	});

	// A wrong code can be typed again; a lost phone does not lock anyone out.
	it('may be wrong, or a recovery code', async () => {
		const act = vi.fn().mockRejectedValueOnce(refused(401, 'totp_invalid')).mockResolvedValue(undefined);
		draw(CodeForm, { verb: 'Sign in', busy: 'Signing in…', act });
		type('code', '111 111');
		await submit();
		expect(errorOf('code')).toContain('Server says totp_invalid.');
		button('Use a recovery code')!.click();
		flushSync();
		type('recovery-code', 'AB3DE FG7HJ');
		await submit();
		expect(act).toHaveBeenLastCalledWith('ab3de-fg7hj');
	});
});

describe('recovery codes', () => {
	// They are not put away before the person says that they are kept.
	it('are left only when they are kept', () => {
		const onkept = vi.fn();
		draw(RecoveryCodes, { codes: ['aaaaa-00001', 'aaaaa-00002'], onkept });
		expect(document.body.textContent).toContain('aaaaa-00002');
		button('Done')!.click();
		flushSync();
		expect(onkept).not.toHaveBeenCalled();
		expect(document.querySelector('[role=alert]')?.textContent).toMatch(/Keep them first/);
		document.querySelector<HTMLInputElement>('input[type=checkbox]')!.click();
		button('Done')!.click();
		expect(onkept).toHaveBeenCalledOnce();
	});
});

describe('an API token', () => {
	// It is never made without a name or without saying what it may do.
	it('needs a name and a purpose', async () => {
		const onmade = vi.fn();
		draw(TokenForm, { onmade, oncancel: () => {} });
		await submit();
		expect(onmade).not.toHaveBeenCalled();
		expect(errorOf('token-name')).toContain('Give it a name');
		expect(document.body.textContent).toContain('Choose at least one thing it may do.');
		expect(document.activeElement).toBe(field('token-name'));
	});
});

describe('the banner of an address that is not verified', () => {
	// It says what is closed until then, goes when asked to, and goes by itself once the address is verified.
	it('stays until verified or put away', () => {
		session.user = { ...person, email_verified: false };
		draw(VerifyBanner, {});
		expect(document.body.textContent).toMatch(/10 messages a day, and make no API tokens/);
		session.user = person;
		flushSync();
		expect(document.querySelector('aside')).toBeNull();
		session.user = { ...person, email_verified: false };
		flushSync();
		button('Not now')!.click();
		flushSync();
		expect(document.querySelector('aside')).toBeNull();
	});

	// Coming back to the page after opening the mail elsewhere is enough.
	it('looks again when one comes back', async () => {
		session.user = { ...person, email_verified: false };
		const look = vi.spyOn(session, 'look').mockResolvedValue();
		draw(VerifyBanner, {});
		window.dispatchEvent(new Event('focus'));
		expect(look).toHaveBeenCalledOnce();
	});
});
