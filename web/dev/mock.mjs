// A stand-in for the server, for work on the page alone: every route the page uses, from memory, without dependencies.
//   node dev/mock.mjs [--port 5000] [--setup] [--models none|demo|ollama|two] [--out]
// It also serves web/build as the server does: hashed assets immutable, the strict policy, the fallback page.
// --setup waits for the first administrator (set-up link: /setup#mock-setup-token); --empty starts without
// conversations; --slow answers a word every 120 ms. Any account signs in with the password "correct horse".
// Words in a message steer the answer: #md #think #queue #slow #first=MS #fail #refuse #quota #cut #drop #length #full #policy #unsaved
// and those of mock-usage.mjs, which tells how the plan and what was used are set. What is sold: mock-billing.mjs; what
// administrators see of both: mock-admin-usage.mjs; the plans themselves: mock-plans.mjs; what is remembered: mock-memory.mjs.
// How the data is kept is set while it runs: POST /_mock/config {"storage": {"held": true, "writing": {"state": "read_only", ...}}}.
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { identityMock } from './mock-identity.mjs';
import { addAdministration } from './mock-admin.mjs';
import { addAdminMemory } from './mock-admin-memory.mjs';
import { addAdminUsage } from './mock-admin-usage.mjs';
import { addBilling } from './mock-billing.mjs';
import { addMemory } from './mock-memory.mjs';
import { addUsage } from './mock-usage.mjs';
import { answerTo, sampleHistory } from './samples.mjs';

const flag = (name) => process.argv.includes(`--${name}`);
const option = (name, otherwise) =>
	flag(name) ? process.argv[process.argv.indexOf(`--${name}`) + 1] : otherwise;
const PORT = Number(option('port', 5000));
const PASSWORD = 'correct horse';
const build = fileURLToPath(new URL('../build', import.meta.url));

const world = {
	setup: flag('setup'),
	models: option('models', 'ollama'),
	registration: 'open',
	users: new Map(),
	tokens: new Map(),
	cookies: new Map(),
	sessions: new Map(),
	messages: new Map(),
	turns: new Map(),
	keys: new Map(),
	tokenLife: 900,
	storage: {
		writing: { state: 'ok' },
		held: false,
		last_backup: null,
		backup_running: false,
		nightly: {
			on: true,
			next_at: new Date(Date.now() + 7 * 3600e3).toISOString(),
			keep: 7,
			dir: '/var/lib/novacore.backups'
		},
		last_check: null,
		disk: {
			live_bytes: 98_304_512,
			journal_bytes: 12_615_680,
			snapshot_bytes: 189_743_104,
			snapshots: 2,
			newest_snapshot_at: new Date(Date.now() - 3 * 3600e3).toISOString(),
			free_bytes: 41_250_000_000
		},
		text_index: { caught_up: true },
		file_system: 'local'
	}
};
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const now = () => new Date().toISOString();
let counter = 0;
const newId = () => `0192${(++counter).toString(16).padStart(4, '0')}-${randomUUID().slice(9)}`;

if (!world.setup) addUser('ada@example.org', 'admin');
if (!flag('empty') && !world.setup) {
	for (const { session, messages } of sampleHistory(newId)) {
		world.sessions.set(session.id, session);
		for (const message of messages) world.messages.set(message.id, message);
	}
}

function addUser(email, role) {
	const user = {
		id: newId(),
		email,
		email_verified: true,
		email_verified_at: now(),
		role,
		plan: 'pro',
		created_at: now()
	};
	world.users.set(email, user);
	return user;
}

class Refusal extends Error {
	constructor(status, code, error, more = {}) {
		super(error);
		Object.assign(this, { status, body: { error, code, correlation_id: randomUUID(), ...more } });
	}
}

function signIn(response, user, status = 200) {
	const access = randomUUID();
	const cookie = randomUUID();
	world.tokens.set(access, { user, until: Date.now() + world.tokenLife * 1000 });
	world.cookies.set(cookie, user);
	response.setHeader('Set-Cookie', `novacore=${cookie}; HttpOnly; SameSite=Strict; Path=/`);
	send(response, status, { user, access_token: access, token_type: 'Bearer', expires_in: world.tokenLife });
}

function send(response, status, body) {
	response.writeHead(status, body === undefined ? {} : { 'Content-Type': 'application/json' });
	response.end(body === undefined ? undefined : JSON.stringify(body));
}

const cookieOf = (request) => /novacore=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1];

function caller(request) {
	const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
	if (!token) throw new Refusal(401, 'token_missing', 'Sign in first.');
	const held = world.tokens.get(token);
	if (!held) throw new Refusal(401, 'token_invalid', 'This access token is not valid.');
	if (held.until < Date.now()) throw new Refusal(401, 'token_expired', 'The access token expired.');
	return held.user;
}

function credentials({ email, password }) {
	const fields = {};
	if (!/^\S+@\S+$/.test(email ?? '')) fields.email = 'This is not an email address.';
	if ((password ?? '').length < 10) fields.password = 'Use at least 10 characters.';
	if (password === 'password1234')
		fields.password = 'This password is on every list of common ones. Choose another.';
	if (Object.keys(fields).length) throw new Refusal(422, 'invalid', 'Some fields are wrong.', { fields });
}

function administrator(user) {
	if (user.role !== 'admin') throw new Refusal(403, 'forbidden', 'This is for administrators.');
}

/** What a full disk says to whatever would save something. */
function saving() {
	if (world.storage.writing.state === 'read_only')
		throw new Refusal(
			503,
			'storage_read_only',
			'The disk of this server is full, so nothing new can be stored. What was stored before is safe; please try again later.'
		);
}

async function backUp() {
	const { storage } = world;
	storage.backup_running = true;
	await later(3000);
	storage.backup_running = false;
	// As on the server: its result is known a moment after it stopped.
	await later(500);
	const full = storage.writing.state === 'read_only';
	storage.last_backup = {
		at: now(),
		ok: !full,
		...(full
			? { reason: '1.2 MB are free where backups go, and twice the live file, 196.6 MB, are needed.' }
			: {}),
		bytes: full ? 0 : 97_320_100,
		path: `${storage.nightly.dir}/novacore-20261121T030000Z`
	};
}

function page(list, url) {
	const limit = Number(url.searchParams.get('limit') ?? 50);
	const before = url.searchParams.get('before');
	const from = before ? list.findIndex((item) => item.id === before) + 1 : 0;
	const items = list.slice(from, from + limit);
	return { items, next_before: from + limit < list.length ? items.at(-1).id : null };
}

const models = () => {
	const item = (name) => ({ name, context_length: 131072, num_ctx: 8192, thinking: name.startsWith('qwen') });
	if (world.models === 'none')
		return {
			provider: 'none',
			demo: false,
			default: null,
			items: [],
			problem: {
				code: 'refused',
				error: 'Ollama did not answer at 127.0.0.1:11434.',
				commands: ['ollama serve', 'ollama pull llama3.2']
			}
		};
	if (world.models === 'demo')
		return { provider: 'demo', demo: true, default: 'demo', items: [item('demo')], problem: null };
	const items = [item('llama3.2:3b'), ...(world.models === 'two' ? [item('qwen3:8b')] : [])];
	return { provider: 'ollama', demo: false, default: 'llama3.2:3b', items, problem: null };
};

/** The newest message of a conversation, which the next one follows. */
const lastOf = (sessionId) =>
	[...world.messages.values()].filter((message) => message.session_id === sessionId).at(-1);

function startTurn({ text, session, question, useMemory, model }) {
	const id = newId();
	const asks = /remember|name|like|know|#memory|plan/i.test(text);
	const memories = useMemory ? [...(asks ? memory.recall(text) : []), ...memory.always()] : [];
	const answer = {
		id: newId(),
		turn_id: id,
		session_id: session.id,
		parent_id: question.id,
		role: 'assistant',
		content: '',
		created_at: now(),
		status: 'streaming',
		finish_reason: null,
		model: model ?? 'llama3.2:3b',
		tokens_used: null,
		memories
	};
	world.messages.set(answer.id, answer);
	const turn = { id, events: [], waiting: new Set(), stopped: false, over: false, answer };
	world.turns.set(id, turn);
	void run(turn, text, session, question);
	return turn;
}

function emit(turn, event, data) {
	turn.events.push({ id: turn.events.length + 1, event, data });
	for (const wake of turn.waiting) wake();
}

async function run(turn, text, session, question) {
	const has = (word) => text.includes(word);
	const { answer } = turn;
	const started = Date.now();
	const full = has('#full');
	emit(turn, 'start', {
		session_id: session.id,
		turn_id: turn.id,
		user_message_id: question.id,
		message_id: answer.id,
		model: answer.model,
		memories: answer.memories,
		context: { used: full ? 6900 : 900, limit: 8192, dropped: full ? 12 : 0 }
	});
	for (const crossing of usage.atStart(text)) emit(turn, 'quota', crossing);
	if (has('#queue'))
		for (const position of [3, 2, 1]) {
			emit(turn, 'queued', { position });
			await later(1200);
		}
	await later(Number(/#first=(\d+)/.exec(text)?.[1] ?? 300));
	const pause = has('#slow') || flag('slow') ? 120 : 16;
	if (has('#think'))
		for (const word of 'The question is short, so the answer can be short too. I compare both ways first.'.split(
			/(?<= )/
		)) {
			answer.thinking = (answer.thinking ?? '') + word;
			emit(turn, 'thinking', { content: word, done: false });
			await later(pause);
		}
	const words = answerTo(text).split(/(?<=\s)/);
	for (const [index, word] of words.entries()) {
		if (turn.stopped || (has('#quotacut') && index === 40)) break;
		if (has('#fail') && index === Math.min(20, words.length >> 1)) {
			answer.status = 'failed';
			answer.error = {
				code: 'model_unavailable',
				error:
					'Ollama stopped answering at 127.0.0.1:11434. Start it with `ollama serve`, then press Try again.'
			};
			turn.over = true;
			return emit(turn, 'error', { ...answer.error, done: true });
		}
		if (has('#unsaved') && index === 30) {
			turn.over = true;
			return emit(turn, 'error', {
				error:
					'This answer could not be stored yet, because the disk of this server takes nothing new. It is kept, and stored as soon as the disk allows; there is no need to ask again.',
				code: 'storage_read_only',
				done: true
			});
		}
		if (has('#drop') && index === 25) for (const wake of turn.waiting) wake('drop');
		if (has('#cut') && index === 30) {
			answer.status = 'interrupted';
			turn.over = true;
			return emit(turn, 'error', {
				error: 'The server was stopped while Nova wrote.',
				code: 'interrupted',
				done: true
			});
		}
		answer.content += word;
		emit(turn, 'delta', { content: word, done: false });
		await later(pause);
	}
	if (has('#policy'))
		emit(turn, 'policy', {
			verdict: 'revised',
			reasons: ['One sentence gave medical doses; it was left out.']
		});
	answer.status = turn.stopped ? 'stopped' : 'complete';
	answer.finish_reason = turn.stopped
		? 'stopped'
		: has('#quotacut')
			? 'quota'
			: has('#length')
				? 'length'
				: 'stop';
	answer.tokens_used = Math.ceil(answer.content.length / 4);
	answer.latency_ms = Date.now() - started;
	session.updated_at = now();
	turn.over = true;
	for (const crossing of usage.atEnd(text, answer.tokens_used)) emit(turn, 'quota', crossing);
	emit(turn, 'done', {
		content: '',
		done: true,
		session_id: session.id,
		message_id: answer.id,
		tokens_used: answer.tokens_used,
		latency_ms: answer.latency_ms,
		finish_reason: answer.finish_reason,
		quota: usage.quota()
	});
	setTimeout(() => (session.title ??= text.replace(/#\S+/g, '').trim().slice(0, 48) || 'A short test'), 1500);
}

async function follow(request, response, turn, after) {
	response.writeHead(200, {
		'Content-Type': 'text/event-stream',
		'Cache-Control': 'no-cache, no-transform',
		'X-Accel-Buffering': 'no'
	});
	let next = after;
	let gone = false;
	request.on('close', () => (gone = true));
	response.on('close', () => (gone = true));
	while (!gone) {
		for (; next < turn.events.length; next++) {
			const { id, event, data } = turn.events[next];
			response.write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
		}
		if (turn.over) return response.end();
		const why = await new Promise((resolve) => {
			const wake = (reason) => {
				turn.waiting.delete(wake);
				clearTimeout(timer);
				resolve(reason);
			};
			const timer = setTimeout(wake, 15_000, 'heartbeat');
			turn.waiting.add(wake);
		});
		if (why === 'heartbeat') response.write(': still here\n\n');
		if (why === 'drop') return response.destroy();
	}
}

function ask(request, response, { message: text, session_id, use_memory = true, model, parent, regenerate }) {
	const key = request.headers['idempotency-key'];
	if (key && world.keys.has(key)) return follow(request, response, world.keys.get(key), 0);
	if (!regenerate && !text?.trim())
		throw new Refusal(422, 'invalid', 'Write something first.', { fields: { message: 'Empty' } });
	if (text.includes('#refuse') || world.models === 'none')
		throw new Refusal(
			503,
			'model_unavailable',
			'Ollama did not answer at 127.0.0.1:11434. Start it with `ollama serve`, then send again.'
		);
	usage.admit(text, response);
	let session = world.sessions.get(session_id);
	if (session_id && !session) throw new Refusal(404, 'not_found', 'There is no such conversation.');
	if (!session) {
		session = {
			id: newId(),
			title: null,
			model: null,
			created_at: now(),
			updated_at: now(),
			ended_at: null,
			use_memory: true
		};
		world.sessions.set(session.id, session);
	}
	let question = regenerate;
	if (!question) {
		question = {
			id: newId(),
			turn_id: null,
			session_id: session.id,
			parent_id: parent !== undefined ? parent : (lastOf(session.id)?.id ?? null),
			role: 'user',
			content: text,
			created_at: now(),
			status: 'complete',
			finish_reason: null,
			model: null,
			tokens_used: null,
			memories: []
		};
		world.messages.set(question.id, question);
	}
	const turn = startTurn({ text, session, question, useMemory: use_memory && session.use_memory, model });
	if (key) world.keys.set(key, turn);
	return follow(request, response, turn, 0);
}

const routes = [
	[
		'GET',
		'/api/status',
		({ request, response }) =>
			send(response, 200, {
				status: 'ok',
				version: 'mock',
				checked_at: now(),
				latency_ms: 1,
				setup_required: world.setup,
				registration: world.registration,
				password: { min: 10, max: 256 },
				signed_in: world.cookies.has(cookieOf(request))
			})
	],
	[
		'POST',
		'/api/auth/setup',
		({ body, response }) => {
			if (!world.setup) throw new Refusal(409, 'setup_done', 'This server is set up already.');
			if (body.token !== 'mock-setup-token')
				throw new Refusal(
					403,
					'setup_token_invalid',
					'This set-up link is not valid any more. The server shows a new one when it starts.'
				);
			credentials(body);
			world.setup = false;
			signIn(response, addUser(body.email, 'admin'), 201);
		}
	],
	[
		'POST',
		'/api/auth/register',
		({ body, response }) => {
			credentials(body);
			if (world.users.has(body.email))
				throw new Refusal(
					409,
					'email_taken',
					'There is an account with this address already. Sign in instead.'
				);
			signIn(response, addUser(body.email, 'user'), 201);
		}
	],
	[
		'POST',
		'/api/auth/login',
		async ({ body, response }) => {
			await later(300);
			const user = world.users.get(body.email);
			if (!user || body.password !== PASSWORD)
				throw new Refusal(401, 'credentials_invalid', 'This address and password do not belong together.');
			signIn(response, user);
		}
	],
	[
		'POST',
		'/api/auth/refresh',
		({ request, response }) => {
			const cookie = cookieOf(request);
			const user = world.cookies.get(cookie);
			if (!user) throw new Refusal(401, 'token_missing', 'Sign in first.');
			world.cookies.delete(cookie);
			signIn(response, user);
		}
	],
	[
		'POST',
		'/api/auth/logout',
		({ request, response }) => {
			world.cookies.delete(cookieOf(request));
			send(response, 204);
		}
	],
	[
		'POST',
		'/api/auth/logout-all',
		({ response }) => {
			world.cookies.clear();
			world.tokens.clear();
			send(response, 204);
		}
	],
	['GET', '/api/auth/me', ({ user, response }) => send(response, 200, user)],
	[
		'GET',
		'/api/auth/sessions',
		({ response }) =>
			send(response, 200, {
				items: [
					{
						id: 'a1',
						current: true,
						device: 'Chromium on Linux',
						address: '127.0.0.1',
						created_at: now(),
						last_seen_at: now()
					},
					{
						id: 'a2',
						current: false,
						device: 'Safari on iPhone',
						address: '192.0.2.7',
						created_at: ago(9),
						last_seen_at: ago(2)
					}
				]
			})
	],
	['DELETE', '/api/auth/sessions/:id', ({ response }) => send(response, 204)],
	['GET', '/api/chat/models', ({ response }) => send(response, 200, models())],
	[
		'GET',
		'/api/chat/sessions',
		({ url, response }) => {
			const list = [...world.sessions.values()].sort((a, b) => b.updated_at.localeCompare(a.updated_at));
			send(response, 200, page(list, url));
		}
	],
	['GET', '/api/chat/sessions/:id', ({ session, response }) => send(response, 200, session)],
	[
		'PATCH',
		'/api/chat/sessions/:id',
		({ session, body, response }) => {
			const { title = session.title, use_memory = session.use_memory } = body;
			Object.assign(session, { title, use_memory });
			send(response, 200, session);
		}
	],
	[
		'DELETE',
		'/api/chat/sessions/:id',
		({ session, response }) => {
			world.sessions.delete(session.id);
			send(response, 204);
		}
	],
	[
		'GET',
		'/api/chat/history/:id',
		({ session, url, response }) => {
			const list = [...world.messages.values()]
				.filter((message) => message.session_id === session.id)
				.reverse();
			const answer = page(list, url);
			const items = answer.items.map((message) => ({ ...message, memories: memory.today(message.memories) }));
			send(response, 200, { ...answer, items });
		}
	],
	['POST', '/api/chat/stream', ({ request, body, response }) => ask(request, response, body)],
	[
		'GET',
		'/api/chat/turns/:id/events',
		({ request, id, response }) => {
			const turn = world.turns.get(id);
			if (!turn) throw new Refusal(404, 'not_found', 'There is no such turn.');
			return follow(request, response, turn, Number(request.headers['last-event-id'] ?? 0));
		}
	],
	[
		'POST',
		'/api/chat/turns/:id/stop',
		({ id, response }) => {
			const turn = world.turns.get(id);
			if (turn) turn.stopped = true;
			send(response, 204);
		}
	],
	[
		'POST',
		'/api/chat/messages/:id/regenerate',
		({ request, id, response }) => {
			const question = world.messages.get(world.messages.get(id)?.parent_id);
			if (!question) throw new Refusal(404, 'not_found', 'There is no such message.');
			const text = question.content.replace(/#(fail|cut)/g, '');
			return ask(request, response, { message: text, session_id: question.session_id, regenerate: question });
		}
	],
	[
		'POST',
		'/api/chat/messages/:id/edit',
		({ request, id, body, response }) => {
			const old = world.messages.get(id);
			if (!old) throw new Refusal(404, 'not_found', 'There is no such message.');
			return ask(request, response, { ...body, session_id: old.session_id, parent: old.parent_id });
		}
	],
	[
		'GET',
		'/api/admin/storage',
		({ user, response }) => {
			administrator(user);
			send(response, 200, world.storage);
		}
	],
	[
		'POST',
		'/api/admin/storage/adopt',
		({ user, response }) => {
			administrator(user);
			world.storage.held = false;
			send(response, 204);
		}
	],
	[
		'POST',
		'/api/admin/storage/backup',
		({ user, response }) => {
			administrator(user);
			if (world.storage.backup_running)
				throw new Refusal(
					409,
					'backup_running',
					'A backup is being made just now. Try again when it has ended.'
				);
			void backUp();
			send(response, 202);
		}
	],
	// Knobs while it runs: {models, registration, setup, tokenLife, storage, billing, usage} and those of the other files
	[
		'POST',
		'/_mock/config',
		({ body: { storage, ...rest }, response }) => {
			Object.assign(world.storage, storage);
			Object.assign(world, rest);
			send(response, 200, {});
		}
	]
];

addBilling(routes, { world, send, Refusal, page });
const memory = addMemory(routes, { world, send, Refusal });
const usage = addUsage(routes, { world, send, Refusal });
addAdminUsage(routes, { world, send, Refusal, page, administrator });
addAdministration(routes, { world, send, Refusal, page, administrator });
addAdminMemory(routes, { world, send, Refusal, administrator });

function ago(days) {
	return new Date(Date.now() - days * 86_400_000).toISOString();
}

/** What saves nothing, or goes on without. */
const UNSAVED = /^\/(_mock\/|api\/auth\/(refresh|logout)$|api\/admin\/storage\/backup$|api\/chat\/turns\/)/;
const OPEN = /^\/(api\/(status|auth\/(setup|register|login|refresh|logout))$|_mock\/)/;

const identity = identityMock({
	world,
	Refusal,
	send,
	signIn,
	addUser,
	caller,
	credentials,
	PASSWORD
});

async function answer(request, response) {
	const url = new URL(request.url, `http://${request.headers.host}`);
	if (await identity(request, response, url)) return;
	if (!url.pathname.startsWith('/api/') && !url.pathname.startsWith('/_mock/'))
		return serveFile(url, response, request);
	for (const [method, path, handle] of routes) {
		const match = new RegExp(`^${path.replace(':id', '([\\w-]+)')}$`).exec(url.pathname);
		if (!match || method !== request.method) continue;
		const user = OPEN.test(url.pathname) ? null : caller(request);
		if (method !== 'GET' && !UNSAVED.test(url.pathname)) saving();
		let text = '';
		for await (const chunk of request) text += chunk;
		const session =
			/\/(sessions|history)\//.test(path) && path.includes('chat') ? world.sessions.get(match[1]) : null;
		if (session === undefined) throw new Refusal(404, 'not_found', 'There is no such conversation.');
		return handle({
			request,
			response,
			url,
			user,
			session,
			id: match[1],
			text,
			body: text && !/ndjson/.test(request.headers['content-type'] ?? '') ? JSON.parse(text) : {}
		});
	}
	throw new Refusal(404, 'not_found', 'There is nothing here.');
}

const TYPES = {
	'.html': 'text/html; charset=utf-8',
	'.js': 'text/javascript; charset=utf-8',
	'.css': 'text/css; charset=utf-8',
	'.json': 'application/json',
	'.svg': 'image/svg+xml',
	'.png': 'image/png',
	'.webmanifest': 'application/manifest+json',
	'.txt': 'text/plain; charset=utf-8'
};

function policy(html) {
	const hashes = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(
		([, script]) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`
	);
	return `default-src 'none'; script-src 'self' ${hashes.join(' ')}; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'none'; manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'`;
}

function serveFile(url, response, request) {
	let file = join(build, normalize(decodeURIComponent(url.pathname)));
	const found = existsSync(file) && statSync(file).isFile();
	if (!found) file = join(build, 'index.html');
	if (!existsSync(file) || url.pathname.startsWith('/_app/') > found)
		return send(response, 404, {
			error: 'There is nothing here.',
			code: 'not_found',
			correlation_id: randomUUID()
		});
	const html = file.endsWith('.html');
	const accepted = request.headers['accept-encoding'] ?? '';
	const encoding = [
		['br', '.br'],
		['gzip', '.gz']
	].find(([name, end]) => accepted.includes(name) && existsSync(file + end));
	response.writeHead(200, {
		'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream',
		'Cache-Control': url.pathname.startsWith('/_app/immutable/')
			? 'public, max-age=31536000, immutable'
			: 'no-cache',
		'X-Content-Type-Options': 'nosniff',
		'Referrer-Policy': 'no-referrer',
		...(encoding ? { 'Content-Encoding': encoding[0], Vary: 'Accept-Encoding' } : {}),
		...(html ? { 'Content-Security-Policy': policy(readFileSync(file, 'utf8')) } : {})
	});
	response.end(readFileSync(encoding ? file + encoding[1] : file));
}

createServer((request, response) => {
	response.setHeader('X-Correlation-ID', request.headers['x-correlation-id'] ?? randomUUID());
	answer(request, response).catch((cause) => {
		if (response.headersSent) return response.destroy();
		if (cause instanceof Refusal) return send(response, cause.status, cause.body);
		console.error(cause);
		send(response, 500, { error: 'The mock failed.', code: 'internal', correlation_id: randomUUID() });
	});
}).listen(PORT, '127.0.0.1', () =>
	console.log(`mock on http://127.0.0.1:${PORT} (ada@example.org, password "${PASSWORD}")`)
);
