// Identity for the stand-in: invitations, verified addresses, second factor, passkeys, linked sign-ins, tokens, activity,
// feedback and the deletion of an account. Every code is 123456, every recovery code aaaaa-00001 to -00010.
//   ada@example.org         administrator, verified, with a password
//   new@example.org         not verified       (10 messages, banner, no tokens)
//   factor@example.org      second factor on   (recovery codes: few left)
//   linked@example.org      no password; a linked sign-in; confirming says sign_in_again
//   wrong password five times: 429 login_throttled for 30 seconds, for every address alike
// Tokens of links: good, expired, used, slow (429), anything else is not valid.  /verify-email?token=good
// /reset-password#token=good   /register#invitation=good (an address) or #invitation=open (none)
// Knobs, POST /_mock/config: {registration, verification: "login", mail: false, passkeys: false, oidc: null,
//   oidcOutcome: "/login#problem=oidc_failed", secondFactorRequired: true}
import { randomUUID } from 'node:crypto';

const CODE = '123456';
const SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
const DAY = 86_400_000;
const ago = (days) => new Date(Date.now() - days * DAY).toISOString();
const now = () => new Date().toISOString();
const recoveryCodes = () =>
	Array.from({ length: 10 }, (_, index) => `aaaaa-${String(index + 1).padStart(5, '0')}`);

export function identityMock({ world, Refusal, send, signIn, addUser, caller, credentials, PASSWORD }) {
	Object.assign(world, {
		verification: 'features',
		mail: true,
		passkeys: true,
		oidc: { name: 'Example ID' },
		oidcOutcome: '/login#second-factor',
		support_address: 'help@example.org',
		known_limits: [
			'Answers come from a small model on one machine: check what matters.',
			'The server sleeps at night, from 2 to 6.'
		],
		secondFactorRequired: false,
		tries: 0,
		blockedUntil: 0
	});
	const held = new WeakMap();

	/** What belongs to an account beyond what the page is told of it. */
	function of(user) {
		if (held.has(user)) return held.get(user);
		const factor = user.email.startsWith('factor@');
		const linked = user.email.startsWith('linked@');
		const fresh = user.email.startsWith('new@');
		Object.assign(user, { has_password: !linked, second_factor: factor, second_factor_required: false });
		if (fresh) Object.assign(user, { email_verified: false, email_verified_at: null, plan: 'free' });
		const mine = {
			password: PASSWORD,
			codes: factor ? recoveryCodes().slice(0, 2) : [],
			factorAt: factor ? ago(40) : null,
			begun: false,
			passkeys: [{ id: randomUUID(), name: 'Ada’s phone', created_at: ago(30), last_used_at: ago(1) }],
			identities: linked
				? [
						{
							id: randomUUID(),
							name: 'Example ID',
							email: user.email,
							linked_at: ago(12),
							last_used_at: ago(0)
						}
					]
				: [],
			tokens: [
				{
					id: randomUUID(),
					name: 'reading list',
					scopes: ['chat:read', 'memory:read'],
					created_at: ago(20),
					expires_at: new Date(Date.now() + 10 * DAY).toISOString(),
					last_used_at: ago(2)
				},
				{
					id: randomUUID(),
					name: 'old notebook',
					scopes: ['openai'],
					created_at: ago(120),
					expires_at: ago(30),
					last_used_at: null
				}
			],
			sessions: [
				session(
					'a1',
					true,
					'Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36',
					'password',
					factor,
					0
				),
				session('a2', false, 'Mozilla/5.0 (iPhone) Version/18 Safari/604.1', 'passkey', false, 2),
				session('a3', false, 'Mozilla/5.0 (Windows NT 10.0) Firefox/140.0', 'oidc', true, 6)
			],
			activity: activity(),
			feedback: [
				{
					id: randomUUID(),
					text: 'The memory drawer is lovely. Could it also show where a memory came from?',
					rating: 4,
					correlation_id: null,
					created_at: ago(8),
					answer: 'It does since yesterday: open a card and look at its foot.',
					answered_at: ago(1)
				}
			]
		};
		if (fresh) mine.passkeys = mine.tokens = mine.feedback = [];
		held.set(user, mine);
		return mine;
	}

	const session = (id, current, device, method, second_factor, days) => ({
		id,
		current,
		device,
		address: current ? '127.0.0.1' : '192.0.2.7',
		method,
		second_factor,
		created_at: ago(days + 3),
		last_seen_at: ago(days),
		expires_at: new Date(Date.now() + 20 * DAY).toISOString()
	});

	function activity() {
		const words =
			'signed_in sign_in_refused sign_in_throttled password_changed passkey_added token_made second_factor_on recovery_code_used session_reused mail_shown plan_changed email_verified something_newer registered'.split(
				' '
			);
		return Array.from({ length: 45 }, (_, index) => {
			const event = words[index % words.length];
			return {
				id: randomUUID(),
				at: ago(index / 3),
				event,
				result: event.startsWith('sign_in_') ? 'refused' : 'ok',
				by: event === 'mail_shown' || event === 'plan_changed' ? 'administrator' : 'you',
				address: index % 5 ? '127.0.0.1' : '2001:db8::7',
				device: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0',
				detail: event === 'token_made' ? 'reading list' : null
			};
		});
	}

	if (!world.setup) for (const name of ['new', 'factor', 'linked']) addUser(`${name}@example.org`, 'user');

	const refuse = (status, code, error, more) => {
		throw new Refusal(status, code, error, more);
	};

	function slow(response, seconds, code = 'rate_limited') {
		response.setHeader('Retry-After', String(seconds));
		refuse(429, code, 'That was tried too often. Nothing is lost.');
	}

	function confirm(user, password) {
		if (!user.has_password)
			refuse(403, 'sign_in_again', 'This needs a sign-in of the last ten minutes. Sign in again.');
		if (!password) refuse(422, 'password_missing', 'Enter your password.');
		if (password !== of(user).password) refuse(403, 'password_wrong', 'This is not your password.');
	}

	function factorCode(user, code, status) {
		const { codes } = of(user);
		if (code === CODE) return;
		if (codes.includes(code)) return void codes.splice(codes.indexOf(code), 1);
		const says = 'This code is not right. Wait for the next one and try again.';
		refuse(status, 'totp_invalid', says, status === 422 ? { fields: { code: says } } : {});
	}

	const verified = (user) =>
		user.email_verified || refuse(403, 'email_unverified', 'Verify your address first.');

	function link(token, response) {
		if (token === 'slow') slow(response, 20);
		if (token === 'expired') refuse(403, 'link_expired', 'This link has expired.');
		if (token === 'used') refuse(403, 'link_used', 'This link was used already.');
		if (token !== 'good') refuse(403, 'link_invalid', 'This link is not valid.');
	}

	const begin = (extra) => ({
		ceremony: randomUUID(),
		options: { publicKey: { challenge: 'c29tZS1jaGFsbGVuZ2U', timeout: 60_000, ...extra } }
	});

	const open = {
		'GET /api/auth/options': ({ response }) =>
			send(response, 200, {
				setup_required: world.setup,
				registration: world.registration,
				verification: world.verification,
				mail: world.mail,
				passkeys: world.passkeys,
				oidc: world.oidc,
				support_address: world.support_address,
				known_limits: world.known_limits
			}),
		'POST /api/auth/login': ({ body, response }) => {
			if (world.blockedUntil > Date.now())
				slow(response, Math.ceil((world.blockedUntil - Date.now()) / 1000), 'login_throttled');
			const user = world.users.get(body.email);
			if (!user?.has_password || body.password !== of(user).password) {
				if (++world.tries >= 5) {
					world.tries = 0;
					world.blockedUntil = Date.now() + 30_000;
				}
				refuse(401, 'credentials_invalid', 'This address and password do not belong together.');
			}
			if (world.verification === 'login' && !user.email_verified)
				refuse(403, 'email_unverified', 'Verify your address first.');
			if (user.second_factor) {
				if (!body.totp) refuse(401, 'totp_required', 'Enter the code of your second factor.');
				factorCode(user, body.totp, 401);
			}
			world.tries = 0;
			signIn(response, user);
		},
		'POST /api/auth/register': ({ body, response }) => {
			if (world.registration === 'closed')
				refuse(403, 'registration_closed', 'Registration is closed on this server.');
			if (world.registration === 'invitation' && !body.invitation)
				refuse(403, 'invitation_required', 'New accounts are by invitation.');
			credentials(body);
			if (world.verification === 'login') return send(response, 202, { status: 'check_mail' });
			if (world.users.has(body.email))
				refuse(409, 'email_taken', 'There is an account with this address already. Sign in instead.');
			const user = addUser(body.email, 'user');
			of(user).password = body.password;
			Object.assign(user, { email_verified: false, email_verified_at: null });
			signIn(response, user, 201);
		},
		'POST /api/auth/invitation': ({ body, response }) => {
			if (!['good', 'open'].includes(body.token))
				refuse(403, 'invitation_invalid', 'This invitation is not valid any more.');
			send(response, 200, {
				email: body.token === 'good' ? 'grace@example.org' : null,
				plan: 'pilot',
				expires_at: new Date(Date.now() + 9 * DAY).toISOString(),
				support_address: world.support_address,
				known_limits: world.known_limits
			});
		},
		'POST /api/auth/verify-email': ({ body, response }) => {
			link(body.token, response);
			const user =
				[...world.users.values()].find((one) => !one.email_verified) ?? [...world.users.values()][0];
			Object.assign(user, { email_verified: true, email_verified_at: now() });
			send(response, 200, { email: user.email, email_verified_at: user.email_verified_at });
		},
		'POST /api/auth/resend-verification': ({ request, response, body }) => {
			const user = request.headers.authorization ? caller(request) : null;
			if (user?.email_verified) refuse(409, 'already_verified', 'Your address is verified already.');
			if (body.email === 'slow@example.org') slow(response, 120);
			send(response, 202, { status: 'check_mail' });
		},
		'POST /api/auth/forgot-password': ({ body, response }) => {
			if (body.email === 'slow@example.org') slow(response, 3600);
			send(response, 202, { status: 'check_mail' });
		},
		'POST /api/auth/reset-password': ({ body, response }) => {
			link(body.token, response);
			credentials({ email: 'a@b', password: body.password });
			of(world.users.get('ada@example.org')).password = body.password;
			world.cookies.clear();
			world.tokens.clear();
			send(response, 204);
		},
		'POST /api/auth/passkey/begin': ({ request, response }) =>
			send(response, 200, begin({ rpId: request.headers.host.split(':')[0], userVerification: 'preferred' })),
		'POST /api/auth/passkey/finish': ({ body, response }) => {
			if (!body.credential?.response?.signature) refuse(401, 'passkey_invalid', 'This passkey is not known.');
			signIn(response, world.users.get('ada@example.org'));
		},
		'POST /api/auth/oidc/begin': ({ body, response }) =>
			send(response, 200, { url: body.link ? '/account#linked' : '/_mock/oidc' }),
		'GET /_mock/oidc': ({ response }) => {
			response.writeHead(303, { Location: world.oidcOutcome });
			response.end();
		},
		'POST /api/auth/oidc/second-factor': ({ body, response }) => {
			const user = world.users.get('linked@example.org');
			factorCode(user, body.totp, 401);
			signIn(response, user);
		}
	};

	const own = {
		'GET /api/auth/me': ({ user, response }) => send(response, 200, user),
		'POST /api/auth/change-password': ({ user, body, response }) => {
			confirm(user, body.current_password);
			try {
				credentials({ email: 'a@b', password: body.new_password });
			} catch {
				const says = 'This password is on every list of common ones. Choose another.';
				refuse(422, 'invalid', 'Some fields are wrong.', { fields: { new_password: says } });
			}
			of(user).password = body.new_password;
			of(user).sessions = of(user).sessions.filter(({ current }) => current);
			send(response, 204);
		},
		'GET /api/auth/sessions': ({ user, response }) => send(response, 200, { items: of(user).sessions }),
		'DELETE /api/auth/sessions': ({ user, response }) => {
			of(user).sessions = of(user).sessions.filter(({ current }) => current);
			send(response, 204);
		},
		'DELETE /api/auth/sessions/:id': ({ user, id, response }) => {
			of(user).sessions = of(user).sessions.filter((item) => item.id !== id);
			send(response, 204);
		},
		'GET /api/auth/second-factor': ({ user, response }) =>
			send(response, 200, {
				enabled: user.second_factor,
				enabled_at: of(user).factorAt,
				recovery_codes_left: of(user).codes.length,
				required: user.second_factor_required
			}),
		'POST /api/auth/second-factor/begin': ({ user, body, response }) => {
			verified(user);
			confirm(user, body.password);
			of(user).begun = true;
			const url = `otpauth://totp/NovaCore:${encodeURIComponent(user.email)}?secret=${SECRET}&issuer=NovaCore&digits=6&period=30`;
			send(response, 200, { secret: SECRET, otpauth_url: url });
		},
		'POST /api/auth/second-factor/enable': ({ user, body, response }) => {
			if (!of(user).begun) refuse(409, 'nothing_begun', 'Begin it first.');
			factorCode(user, body.code, 422);
			Object.assign(of(user), { begun: false, codes: recoveryCodes(), factorAt: now() });
			user.second_factor = true;
			send(response, 200, { recovery_codes: of(user).codes });
		},
		'POST /api/auth/second-factor/recovery-codes': ({ user, body, response }) => {
			confirm(user, body.password);
			factorCode(user, body.code, 422);
			of(user).codes = recoveryCodes();
			send(response, 200, { recovery_codes: of(user).codes });
		},
		'POST /api/auth/second-factor/disable': ({ user, body, response }) => {
			if (user.second_factor_required)
				refuse(409, 'second_factor_required', 'This server asks its administrators for it.');
			confirm(user, body.password);
			factorCode(user, body.code, 422);
			Object.assign(of(user), { codes: [], factorAt: null });
			user.second_factor = false;
			send(response, 204);
		},
		'GET /api/auth/passkeys': ({ user, response }) => send(response, 200, { items: of(user).passkeys }),
		'POST /api/auth/passkeys/begin': ({ request, user, body, response }) => {
			verified(user);
			confirm(user, body.password);
			send(
				response,
				200,
				begin({
					rp: { id: request.headers.host.split(':')[0], name: 'NovaCore' },
					user: { id: 'dXNlci1pZA', name: user.email, displayName: user.email },
					pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
					authenticatorSelection: { residentKey: 'required' },
					excludeCredentials: [],
					attestation: 'none'
				})
			);
		},
		'POST /api/auth/passkeys': ({ user, body, response }) => {
			if (!body.credential?.response?.attestationObject)
				refuse(422, 'passkey_invalid', 'The browser gave no passkey that can be used here.');
			const item = { id: randomUUID(), name: body.name, created_at: now(), last_used_at: null };
			of(user).passkeys.unshift(item);
			send(response, 201, item);
		},
		'DELETE /api/auth/passkeys/:id': removal('passkeys'),
		'GET /api/auth/identities': ({ user, response }) => send(response, 200, { items: of(user).identities }),
		'DELETE /api/auth/identities/:id': (call) => {
			if (!call.user.has_password)
				refuse(409, 'last_way_in', 'This is the only way into your account. Choose a password first.');
			removal('identities')(call);
		},
		'GET /api/auth/tokens': ({ user, response }) => send(response, 200, { items: of(user).tokens }),
		'POST /api/auth/tokens': ({ user, body, response }) => {
			verified(user);
			const item = {
				id: randomUUID(),
				name: body.name,
				scopes: body.scopes,
				created_at: now(),
				expires_at: body.expires_at ?? null,
				last_used_at: null
			};
			of(user).tokens.unshift(item);
			send(response, 201, { ...item, token: `nova_${randomUUID().replaceAll('-', '')}` });
		},
		'DELETE /api/auth/tokens/:id': removal('tokens'),
		'GET /api/auth/activity': ({ user, url, response }) => {
			const list = of(user).activity;
			const before = url.searchParams.get('before');
			const from = before ? list.findIndex(({ id }) => id === before) + 1 : 0;
			const to = from + Number(url.searchParams.get('limit') ?? 30);
			send(response, 200, {
				items: list.slice(from, to),
				next_before: to < list.length ? list[to - 1].id : null
			});
		},
		'POST /api/account/delete': ({ user, body, response }) => {
			confirm(user, body.password);
			if (user.second_factor) {
				if (!body.totp) refuse(401, 'totp_required', 'Enter the code of your second factor.');
				factorCode(user, body.totp, 401);
			}
			if (user.role === 'admin')
				refuse(409, 'last_administrator', 'You are the only administrator. Make somebody else one first.');
			world.users.delete(user.email);
			world.cookies.clear();
			world.tokens.clear();
			send(response, 202, { status: 'erasing' });
		},
		'GET /api/account/feedback': ({ user, response }) => send(response, 200, { items: of(user).feedback }),
		'POST /api/account/feedback': ({ user, body, response }) => {
			if (body.correlation_id && !/^[\w-]{8,64}$/.test(body.correlation_id))
				refuse(422, 'invalid', 'Some fields are wrong.', {
					fields: { correlation_id: 'This is not a reference of an error.' }
				});
			const item = {
				id: randomUUID(),
				text: body.text,
				rating: body.rating ?? null,
				correlation_id: body.correlation_id ?? null,
				created_at: now(),
				answer: null,
				answered_at: null
			};
			of(user).feedback = [item, ...of(user).feedback];
			send(response, 201, item);
		}
	};

	function removal(what) {
		return ({ user, id, response }) => {
			of(user)[what] = of(user)[what].filter((item) => item.id !== id);
			send(response, 204);
		};
	}

	async function bodyOf(request) {
		let text = '';
		for await (const chunk of request) text += chunk;
		return text ? JSON.parse(text) : {};
	}

	/** Whether this answered. */
	return async function answer(request, response, url) {
		for (const user of world.users.values()) {
			of(user);
			user.second_factor_required = world.secondFactorRequired && user.role === 'admin';
		}
		const id = /^\/api\/auth\/\w+\/([\w-]+)$/.exec(url.pathname)?.[1];
		const exact = `${request.method} ${url.pathname}`;
		const named = id && `${request.method} ${url.pathname.replace(id, ':id')}`;
		const handle = open[exact] ?? own[exact] ?? own[named];
		if (!handle) return false;
		const user = open[exact] ? null : caller(request);
		await handle({ request, response, url, user, id, body: await bodyOf(request) });
		return true;
	};
}
