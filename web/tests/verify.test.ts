// @vitest-environment jsdom
// The pages that links of mails open: each end of a link is told apart, with a way on, and the token is not kept.
import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { api } from '../src/lib/api/client';
import { ApiError } from '../src/lib/api/problem';
import { session } from '../src/lib/auth/session.svelte';
import VerifyEmail from '../src/routes/(auth)/verify-email/+page.svelte';

const dropped = vi.hoisted(() => vi.fn());
const at = vi.hoisted(() => ({ url: new URL('http://nova/verify-email?token=abc') }));
vi.mock('$app/navigation', () => ({ goto: () => {}, replaceState: dropped }));
vi.mock('$app/state', () => ({ page: at }));

const post = vi.spyOn(api, 'POST');
const answers = (status: number, body: object) =>
	post.mockImplementation((async () => ({
		...(status < 300 ? { data: body } : { error: body }),
		response: new Response(null, { status })
	})) as unknown as typeof api.POST);

let drawn: object | null = null;
async function open(): Promise<string> {
	drawn = mount(VerifyEmail, { target: document.body });
	flushSync();
	await vi.waitFor(() =>
		expect(document.querySelector('h1')?.textContent).not.toBe('Verifying your address')
	);
	flushSync();
	return document.body.textContent ?? '';
}

describe('the link that verifies an address', () => {
	beforeEach(() => {
		session.phase = 'out';
		vi.spyOn(session, 'verified').mockResolvedValue();
		vi.spyOn(globalThis, 'fetch').mockResolvedValue(new Response('{}'));
	});
	afterEach(async () => {
		if (drawn) await unmount(drawn);
		drawn = null;
		document.body.replaceChildren();
		post.mockReset();
		dropped.mockReset();
	});

	// The token is sent once, leaves the address bar, and every open tab learns of it.
	it('verifies, and leaves the address bar', async () => {
		answers(200, { email: 'ada@example.org', email_verified_at: '2026-06-17T03:00:00Z' });
		expect(await open()).toContain('ada@example.org is yours');
		const calls = post.mock.calls as unknown as [string, object][];
		expect(calls.filter(([path]) => path === '/api/auth/verify-email')).toEqual([
			['/api/auth/verify-email', { body: { token: 'abc' } }]
		]);
		expect(session.verified).toHaveBeenCalled();
		await vi.waitFor(() => expect(dropped).toHaveBeenCalledWith('/verify-email', {}));
	});

	// A link that is over, used or cut off says which, and a new mail can be sent from there.
	it.each([
		['link_expired', 'This link has expired'],
		['link_used', 'This link was used already'],
		['link_invalid', 'This link is not valid']
	])('says of %s what to do', async (code, title) => {
		answers(403, { error: 'No.', code });
		expect(await open()).toContain(title);
		expect(document.querySelector('input[type=email]')).not.toBeNull();
		expect(document.body.textContent).toContain('Send a new mail');
	});

	// When only the network failed the link is still good, and is tried again without another mail.
	it('can be tried again when the server did not answer', async () => {
		post.mockRejectedValue(new ApiError(0, { code: 'unreachable', error: 'No answer.' }));
		expect(await open()).toContain('The link is still good.');
		answers(200, { email: 'ada@example.org', email_verified_at: '2026-06-17T03:00:00Z' });
		[...document.querySelectorAll('button')].find((one) => one.textContent?.trim() === 'Try again')!.click();
		await vi.waitFor(() => expect(document.body.textContent).toContain('is yours'));
	});
});
