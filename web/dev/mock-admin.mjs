// The administrator's routes of the stand-in: a hundred people, invitations, mails, activity, programs, feedback and jobs,
// with everything that can go wrong. Knobs while it runs, POST /_mock/config:
//   {"secondFactorDemanded": true}   every administrator's route answers 403 second_factor_required
//   {"mailServer": false}            no mail server; {"storage": {"held": true}} holds mail and jobs back
//   {"adminFails": "/api/admin/jobs"} routes whose path begins so answer 500
import { randomUUID } from 'node:crypto';

const DAY = 86_400_000;
const ago = (days) => new Date(Date.now() - days * DAY).toISOString();
const ahead = (days) => ago(-days);

const FIRST =
	'ada bo clara dmitri eun frida goran hana ivo juno kai lena mirek nadia olu priya quentin rosa sven tomoko'.split(
		' '
	);
const LAST = ['lovelace', 'okafor', 'garcia-marquez', 'nguyen', 'van-der-berg'];
const LONG =
	'a.remarkably.long.address.of.somebody.who.likes.long.addresses.very.much@department-of-long-names.university.example.org';
const AGENTS = [
	'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0',
	'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/18.6 Mobile/15E148 Safari/604.1',
	'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0',
	'curl/8.14.1'
];
const METHODS = ['password', 'passkey', 'oidc', 'setup'];

function makePeople() {
	return Array.from({ length: 103 }, (_, index) => {
		const email =
			index === 4
				? LONG
				: `${FIRST[index % FIRST.length]}.${LAST[index % LAST.length]}${index > 19 ? index : ''}@example.${index % 3 ? 'org' : 'net'}`;
		const verified = index % 7 !== 2;
		const seen = index % 11 === 3 ? null : ago(index * 0.4 + 0.02);
		const sessions = seen
			? Array.from({ length: index % 4 }, (_, n) => ({
					id: randomUUID(),
					device: AGENTS[(index + n) % AGENTS.length],
					address: n % 2 ? '2001:db8:85a3:8d3:1319:8a2e:370:7348' : `192.0.2.${(index * 7) % 250}`,
					method: METHODS[(index + n) % METHODS.length],
					created_at: ago(index * 0.4 + 3 + n),
					last_seen_at: ago(index * 0.4 + 0.02 + n)
				}))
			: [];
		return {
			id: randomUUID(),
			email,
			email_verified: verified,
			email_verified_at: verified ? ago(index + 1) : null,
			role: index === 1 || index === 30 ? 'admin' : 'user',
			plan: ['free', 'free', 'basic', 'pro'][index % 4],
			disabled: index % 17 === 5,
			erasing: false,
			created_at: ago(index + 2),
			last_seen_at: seen,
			second_factor: index % 5 === 1,
			passkeys: index % 6 === 0 ? 2 : 0,
			tokens: index % 9 === 0 ? 1 : 0,
			invitation: index % 4 === 0 ? { id: randomUUID(), note: 'Clara’s book club' } : null,
			sessions: index % 17 === 5 ? [] : sessions
		};
	});
}

const shown = ({ sessions, ...person }) => ({ ...person, sign_ins: sessions.length });

function makeInvitations(people) {
	const one = (more) => ({
		id: randomUUID(),
		note: null,
		email: null,
		plan: null,
		uses: 1,
		used: 0,
		state: 'open',
		created_at: ago(1),
		created_by: 'ada@example.org',
		expires_at: ahead(13),
		accounts: [],
		...more
	});
	const came = (from, count) =>
		people.slice(from, from + count).map(({ id, email, created_at }) => ({ id, email, created_at }));
	return [
		one({ note: 'The new colleague', email: LONG, plan: 'basic' }),
		one({ note: 'Clara’s book club', uses: 25, used: 7, accounts: came(2, 7), created_at: ago(5) }),
		one({ email: 'grace@example.org', used: 1, state: 'used_up', accounts: came(12, 1), created_at: ago(9) }),
		one({ state: 'expired', expires_at: ago(2), created_at: ago(16), created_by: null }),
		one({ note: 'Posted in the wrong room', state: 'revoked', uses: 100, used: 3, accounts: came(20, 3) }),
		...Array.from({ length: 60 }, (_, n) =>
			one({
				note: `Alpha, round ${60 - n}`,
				state: 'used_up',
				used: 1,
				accounts: came(n, 1),
				created_at: ago(20 + n)
			})
		)
	];
}

function makeMails(people) {
	const one = (purpose, state, more) => ({
		id: randomUUID(),
		purpose,
		to: people[3].email,
		user_id: people[3].id,
		state,
		attempts: 0,
		last_error: null,
		created_at: ago(0.01),
		next_try_at: null,
		sent_at: null,
		...more
	});
	return [
		one('verify_email', 'waiting', { next_try_at: ahead(0.0001) }),
		one('reset_password', 'waiting', {
			to: LONG,
			attempts: 3,
			last_error: '451 4.7.1 Greylisting in action, please come back later (mx1.university.example.org)',
			next_try_at: ahead(0.02)
		}),
		one('invitation', 'failed', {
			to: 'nobody@no-such-host.example',
			user_id: null,
			attempts: 8,
			last_error: '550 5.1.1 The mailbox does not exist'
		}),
		one('reset_password', 'kept', { created_at: ago(0.2) }),
		one('verify_email', 'expired', { created_at: ago(4), attempts: 8, last_error: 'connection refused' }),
		one('account_deleted', 'sent', {
			to: null,
			user_id: null,
			attempts: 1,
			created_at: ago(6),
			sent_at: ago(6)
		}),
		...'address_taken password_changed second_factor_changed passkey_added mail_shown feedback_answered new_sign_in something_new'
			.split(' ')
			.map((purpose, n) =>
				one(purpose, 'sent', { attempts: 1, created_at: ago(7 + n), sent_at: ago(7 + n) })
			),
		...Array.from({ length: 60 }, (_, n) =>
			one('new_sign_in', 'sent', {
				to: people[n].email,
				attempts: 1,
				created_at: ago(20 + n),
				sent_at: ago(20 + n)
			})
		)
	];
}

const EVENTS =
	'signed_in sign_in_refused registered email_verified password_changed second_factor_on passkey_added token_made sign_in_throttled role_changed plan_changed account_disabled mail_shown session_reused reset_requested something_new'.split(
		' '
	);

function makeActivity(people) {
	return Array.from({ length: 240 }, (_, n) => {
		const event = EVENTS[n % EVENTS.length];
		const person = people[(n * 3) % 20];
		const unknown = event === 'sign_in_throttled';
		const byAdministrator = /role|plan|disabled|mail_shown/.test(event);
		return {
			id: randomUUID(),
			at: ago(n * 0.13),
			event,
			result: /refused|throttled|reused/.test(event) ? 'refused' : 'ok',
			user_id: unknown ? null : person.id,
			email: unknown ? 'someone.else@example.com' : person.email,
			actor: byAdministrator
				? { kind: 'administrator', id: people[1].id, name: 'ada@example.org' }
				: unknown
					? { kind: 'nobody', id: null, name: null }
					: n % 13 === 0
						? { kind: 'operator', id: null, name: null }
						: n % 17 === 0
							? { kind: 'service', id: randomUUID(), name: 'backup-timer' }
							: { kind: 'user', id: person.id, name: person.email },
			address: n % 5 ? '203.0.113.9' : '2001:db8:85a3:8d3:1319:8a2e:370:7348',
			device: n % 13 === 0 ? null : AGENTS[n % AGENTS.length],
			detail: event === 'plan_changed' ? 'free → pro' : event === 'role_changed' ? 'user → admin' : null
		};
	});
}

function makeFeedback(people) {
	const texts = [
		'Nova remembered my sister’s name after three weeks. That is why I stay.',
		'The answer broke off in the middle. I asked again and it was fine, but I would like to know why.',
		'Please let me export my memories.\n\nAlso: the dark theme is lovely.',
		`One long word: ${'unbreakable'.repeat(20)}`
	];
	return Array.from({ length: 70 }, (_, n) => ({
		id: randomUUID(),
		user_id: people[n].id,
		email: people[n].email,
		text: texts[n % texts.length],
		rating: n % 6 === 5 ? null : (n % 5) + 1,
		correlation_id: n % 4 === 1 ? randomUUID() : null,
		created_at: ago(n * 0.7),
		answer: n % 3 === 2 ? 'Thank you. It is in the next version.' : null,
		answered_at: n % 3 === 2 ? ago(n * 0.7 - 0.1) : null
	}));
}

function makeJobs() {
	const one = (kind, state, more) => ({
		id: randomUUID(),
		kind,
		state,
		attempts: 0,
		last_error: null,
		created_at: ago(0.01),
		due_at: null,
		ended_at: null,
		...more
	});
	const error = 'connection to smtp.example.org:587 refused after 10 s';
	return [
		one('auth.mail', 'waiting', { due_at: ahead(0.0001) }),
		one('auth.mail', 'waiting', { attempts: 3, last_error: error, due_at: ahead(0.02) }),
		one('account.erase', 'failed', {
			attempts: 12,
			last_error: 'the disk takes nothing new',
			ended_at: ago(0.5)
		}),
		one('auth.mail', 'held'),
		...Array.from({ length: 70 }, (_, n) =>
			one(n % 9 ? 'auth.mail' : 'something_new', 'done', {
				attempts: 1,
				created_at: ago(n + 1),
				ended_at: ago(n + 1)
			})
		)
	];
}

/** Adds the routes, and the demand for a second factor before every route of administrators. */
export function addAdministration(routes, { world, send, Refusal, page, administrator }) {
	const people = makePeople();
	const invitations = makeInvitations(people);
	const mails = makeMails(people);
	const activity = makeActivity(people);
	const feedback = makeFeedback(people);
	const jobs = makeJobs();
	const services = [
		{
			id: randomUUID(),
			name: 'backup-timer',
			audiences: ['novacore'],
			scopes: ['backup:run', 'metrics:read'],
			created_at: ago(40),
			last_used_at: ago(0.3)
		}
	];
	const receivers = [
		{ id: randomUUID(), name: 'picture-server.example.org', created_at: ago(30), secret_made_at: ago(3) }
	];
	world.mailServer ??= true;

	const real = new Map();
	/** Whoever signed in here stands first; the others are made up. */
	const everybody = () => {
		for (const user of world.users.values())
			if (!real.has(user.id))
				real.set(user.id, {
					disabled: false,
					erasing: false,
					last_seen_at: ago(0),
					passkeys: 0,
					tokens: 0,
					second_factor: false,
					invitation: null,
					sessions: [
						{ ...people[7].sessions[0], id: randomUUID(), method: 'password', last_seen_at: ago(0) }
					],
					...user
				});
		return [...real.values(), ...people];
	};
	// For the routes of other files: who there is, and what is recorded.
	world.everybody = everybody;
	world.note = (...what) => note(...what);
	const find = (list, id) => {
		const found = list.find((item) => item.id === id);
		if (!found) throw new Refusal(404, 'not_found', 'There is no such thing here. It may have been deleted.');
		return found;
	};
	const drop = (list, id) => list.splice(list.indexOf(find(list, id)), 1);
	const note = (event, person, user, detail = null) =>
		activity.unshift({
			id: randomUUID(),
			at: ago(0),
			event,
			result: 'ok',
			user_id: person?.id ?? null,
			email: person?.email ?? null,
			actor: { kind: 'administrator', id: user.id, name: user.email },
			address: '127.0.0.1',
			device: AGENTS[0],
			detail
		});
	const mail = (purpose, person) => {
		const item = {
			id: randomUUID(),
			purpose,
			to: person.email,
			user_id: person.id ?? null,
			state: world.mailServer && !world.storage.held ? 'waiting' : 'kept',
			attempts: 0,
			last_error: null,
			created_at: ago(0),
			next_try_at: ago(0),
			sent_at: null
		};
		mails.unshift(item);
		return item;
	};
	const guarded = (person, user) => {
		if (person.id === user.id) throw new Refusal(409, 'yourself', 'You cannot do this to yourself.');
		const left = everybody().filter((one) => one.role === 'admin' && !one.disabled && one.id !== person.id);
		if (person.role === 'admin' && !left.length)
			throw new Refusal(409, 'last_administrator', 'This is the last administrator.');
	};
	const linkOf = (url, id) => `${url.origin}/register#invitation=${id.replaceAll('-', '')}mocktoken`;
	const secret = () => `nova_svc_${randomUUID().replaceAll('-', '')}${randomUUID().replaceAll('-', '')}`;
	const wrong = (fields) => new Refusal(422, 'invalid', 'Some fields are wrong.', { fields });
	const FILTERS = {
		all: () => true,
		administrators: ({ role }) => role === 'admin',
		unverified: ({ email_verified }) => !email_verified,
		disabled: ({ disabled }) => disabled
	};

	const added = [
		[
			'GET',
			'/users',
			({ url, response }) => {
				const q = (url.searchParams.get('q') ?? '').toLowerCase();
				const matches = FILTERS[url.searchParams.get('filter') ?? 'all'];
				const list = everybody().filter(
					(person) => person.email.toLowerCase().includes(q) && matches(person)
				);
				const cut = page(list, url);
				send(response, 200, { ...cut, items: cut.items.map(shown), total: list.length });
			}
		],
		[
			'GET',
			'/users/:id',
			({ id, response }) => {
				const person = find(everybody(), id);
				send(response, 200, { ...shown(person), sessions: person.sessions });
			}
		],
		[
			'PATCH',
			'/users/:id',
			({ id, body, user, response }) => {
				const person = find(everybody(), id);
				if (body.role === 'user' || body.disabled) guarded(person, user);
				if (body.disabled !== undefined) {
					person.disabled = body.disabled;
					if (body.disabled) person.sessions = [];
					note(body.disabled ? 'account_disabled' : 'account_enabled', person, user);
				}
				if (body.role) note('role_changed', person, user, `${person.role} → ${(person.role = body.role)}`);
				if (body.plan) note('plan_changed', person, user, `${person.plan} → ${(person.plan = body.plan)}`);
				if (body.email_verified) {
					Object.assign(person, { email_verified: true, email_verified_at: ago(0) });
					note('verified_by_administrator', person, user);
				}
				send(response, 200, shown(person));
			}
		],
		[
			'POST',
			'/users/:id/end-sessions',
			({ id, user, response }) => {
				const person = find(everybody(), id);
				person.sessions = [];
				note('sessions_ended', person, user);
				send(response, 204);
			}
		],
		[
			'POST',
			'/users/:id/start-reset',
			({ id, user, response }) => {
				const person = find(everybody(), id);
				note('reset_requested', person, user);
				send(response, 202, { mail_id: mail('reset_password', person).id });
			}
		],
		[
			'DELETE',
			'/users/:id',
			({ id, user, response }) => {
				const person = find(everybody(), id);
				guarded(person, user);
				if (people.includes(person)) drop(people, id);
				note('account_deleted', person, user);
				send(response, 202, { status: 'erasing' });
			}
		],
		['GET', '/invitations', ({ url, response }) => send(response, 200, page(invitations, url))],
		[
			'POST',
			'/invitations',
			({ url, body, user, response }) => {
				const { email = null, note = null, plan = null, uses = 1, days = 14 } = body;
				if (email?.endsWith('@refused.example')) throw wrong({ email: 'This address takes no mail.' });
				const item = {
					id: randomUUID(),
					note,
					email,
					plan,
					uses,
					used: 0,
					state: 'open',
					created_at: ago(0),
					created_by: user.email,
					expires_at: ahead(days),
					accounts: []
				};
				invitations.unshift(item);
				if (email) mail('invitation', { email });
				send(response, 201, { ...item, link: linkOf(url, item.id) });
			}
		],
		[
			'POST',
			'/invitations/:id/link',
			({ url, id, response }) => {
				if (find(invitations, id).state !== 'open')
					throw new Refusal(409, 'invitation_over', 'This invitation is over.');
				send(response, 200, { link: linkOf(url, id) });
			}
		],
		[
			'DELETE',
			'/invitations/:id',
			({ id, response }) => {
				find(invitations, id).state = 'revoked';
				send(response, 204);
			}
		],
		[
			'GET',
			'/mails',
			({ url, response }) => {
				const { held } = world.storage;
				const from = world.mailServer ? 'Nova <nova@example.org>' : null;
				send(response, 200, { configured: world.mailServer, held, from, ...page(mails, url) });
			}
		],
		[
			'POST',
			'/mails/test',
			({ body, response }) => {
				if (!world.mailServer || body.to.endsWith('.invalid'))
					throw new Refusal(
						503,
						'mail_unavailable',
						world.mailServer
							? 'The mail server at smtp.example.org:587 refused the connection. Nothing was sent. Check `mail.smtp_url`.'
							: 'No mail server is configured, so nothing was sent. Set `mail.smtp_url` and `mail.from`.'
					);
				send(response, 204);
			}
		],
		[
			'POST',
			'/mails/:id/show',
			({ url, id, user, response }) => {
				const item = find(mails, id);
				const link =
					item.purpose === 'invitation' ? linkOf(url, id) : `${url.origin}/reset-password#token=${id}`;
				note('mail_shown', { id: item.user_id, email: item.to }, user);
				if (item.user_id) mail('mail_shown', { id: item.user_id, email: item.to });
				send(response, 200, {
					to: item.to,
					subject: 'Choose a new password for NovaCore',
					text: `Somebody, hopefully you, asked for a new password for this account.\n\nTo choose one, open this within an hour:\n\n${link}\n\nIf it was not you, nothing needs doing: your password stays as it is.`,
					link
				});
			}
		],
		[
			'POST',
			'/mails/:id/retry',
			({ id, response }) => {
				const item = find(mails, id);
				Object.assign(item, { state: 'waiting', next_try_at: ago(0) });
				setTimeout(
					() => Object.assign(item, { state: 'sent', attempts: item.attempts + 1, sent_at: ago(0) }),
					2000
				);
				send(response, 202);
			}
		],
		[
			'GET',
			'/audit',
			({ url, response }) => {
				const user = url.searchParams.get('user');
				const event = url.searchParams.get('event');
				const list = activity.filter(
					(entry) => (!user || entry.user_id === user) && (!event || entry.event === event)
				);
				send(response, 200, page(list, url));
			}
		],
		[
			'GET',
			'/feedback',
			({ url, response }) => {
				const waiting = url.searchParams.get('filter') === 'unanswered';
				send(
					response,
					200,
					page(
						feedback.filter(({ answer }) => !waiting || !answer),
						url
					)
				);
			}
		],
		[
			'GET',
			'/feedback/export',
			({ response }) => {
				const cell = (value) => `"${String(value ?? '').replaceAll('"', '""')}"`;
				const rows = feedback.map((item) =>
					[item.created_at, item.email, item.rating, item.text].map(cell).join(',')
				);
				response.writeHead(200, { 'Content-Type': 'text/csv; charset=utf-8' });
				response.end(['created_at,email,rating,text', ...rows].join('\r\n'));
			}
		],
		[
			'POST',
			'/feedback/:id/answer',
			({ id, body, response }) => {
				const item = find(feedback, id);
				if (/#fail/.test(body.answer)) throw new Refusal(500, 'internal', 'The answer could not be stored.');
				Object.assign(item, { answer: body.answer, answered_at: ago(0) });
				send(response, 200, item);
			}
		],
		['GET', '/services', ({ response }) => send(response, 200, { items: services })],
		[
			'POST',
			'/services',
			({ body, response }) => {
				if (services.some(({ name }) => name === body.name))
					throw wrong({ name: 'There is one of this name already.' });
				const item = { id: randomUUID(), ...body, created_at: ago(0), last_used_at: null };
				services.unshift(item);
				send(response, 201, { ...item, secret: secret() });
			}
		],
		[
			'POST',
			'/services/:id/secret',
			({ id, response }) => {
				find(services, id);
				send(response, 200, { secret: secret() });
			}
		],
		[
			'DELETE',
			'/services/:id',
			({ id, response }) => {
				drop(services, id);
				send(response, 204);
			}
		],
		['GET', '/receivers', ({ response }) => send(response, 200, { items: receivers })],
		[
			'POST',
			'/receivers',
			({ body, response }) => {
				if (receivers.some(({ name }) => name === body.name))
					throw wrong({ name: 'There is one of this name already.' });
				const item = { id: randomUUID(), name: body.name, created_at: ago(0), secret_made_at: ago(0) };
				receivers.unshift(item);
				send(response, 201, { ...item, secret: secret() });
			}
		],
		[
			'POST',
			'/receivers/:id/secret',
			({ id, response }) => {
				find(receivers, id).secret_made_at = ago(0);
				send(response, 200, { secret: secret() });
			}
		],
		[
			'DELETE',
			'/receivers/:id',
			({ id, response }) => {
				drop(receivers, id);
				send(response, 204);
			}
		],
		['GET', '/jobs', ({ url, response }) => send(response, 200, page(jobs, url))],
		[
			'POST',
			'/jobs/:id/retry',
			({ id, response }) => {
				const item = find(jobs, id);
				Object.assign(item, { state: 'waiting', due_at: ago(0) });
				setTimeout(
					() => Object.assign(item, { state: 'done', attempts: item.attempts + 1, ended_at: ago(0) }),
					2000
				);
				send(response, 202);
			}
		]
	];
	for (const [method, path, handle] of added)
		routes.push([
			method,
			`/api/admin${path}`,
			(call) => {
				administrator(call.user);
				return handle(call);
			}
		]);
	for (const route of routes.filter(([, path]) => path.startsWith('/api/admin/'))) {
		const handle = route[2];
		route[2] = (call) => {
			if (world.secondFactorDemanded && call.user?.role === 'admin')
				throw new Refusal(
					403,
					'second_factor_required',
					'This server wants a second factor from administrators.'
				);
			if (world.adminFails && call.url.pathname.startsWith(world.adminFails))
				throw new Refusal(500, 'internal', 'Something failed in the server. Nothing was changed.');
			return handle(call);
		};
	}
}
