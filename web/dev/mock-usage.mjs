// Usage for the stand-in: quotas, history, ledger, export, and what of it stands in the chat.
// Words in a message:
//   #quota80 #quota100   this turn crosses the level of tokens      #messages80 #messages100  of messages
//   #quotacut            the answer ends in the middle: finish_reason quota
//   #quota429            refused: today's tokens are used up        #rate429  refused: too often, wait 12 seconds
//   #memory80 #memoryfull  this turn crosses the level of memory; full: it is not remembered
// How the plan stands: --usage STATE, or the environment's MOCK_USAGE, or while it runs
//   POST /_mock/config {"usage": STATE}, STATE being of: pro (bought), basic, free (a higher plan is for sale),
//   trial, given, answering (something is reserved), near, used_up, full (memory), unlimited (a plan without limits),
//   unmetered, empty (nothing used yet), fail (every route answers 500), slow (answers after 3 seconds)
// Who is not verified cannot export.
import { meter, planOf } from './mock-plans.mjs';

const DAY = 86_400_000;
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const dateOf = (time) => new Date(time).toISOString().slice(0, 10);
const FIELDS = [
	'llm_tokens_input',
	'llm_tokens_output',
	'llm_tokens_context',
	'messages',
	'memory_bytes',
	'background_tokens'
];

const midnight = () => new Date(Date.now() - (Date.now() % DAY) + DAY).toISOString();
/** The same numbers at every start: so many days ago, so much. */
function day(ago) {
	const date = dateOf(Date.now() - ago * DAY);
	const wave = (n) => Math.abs(Math.sin((ago + 1) * n) * 0.7 + Math.sin((ago + 1) * n * 0.37) * 0.3);
	const idle = ago % 7 === 5 || ago % 11 === 8;
	const messages = idle ? 0 : Math.round(wave(1.3) * 34) + 2;
	const llm_tokens_input = Math.round(messages * (90 + wave(2.1) * 80));
	const llm_tokens_output = Math.round(messages * (210 + wave(0.9) * 160));
	return {
		date,
		llm_tokens_input,
		llm_tokens_output,
		llm_tokens_context: Math.round(messages * (500 + wave(1.7) * 700)),
		messages,
		memory_bytes: idle ? 0 : ago % 9 === 4 ? -18_400 : Math.round(messages * 420),
		background_tokens: messages * 31,
		tokens: llm_tokens_input + llm_tokens_output
	};
}

export function addUsage(routes, { world, send, Refusal }) {
	const option = process.argv.indexOf('--usage');
	world.usage ??= option > 0 ? process.argv[option + 1] : (process.env.MOCK_USAGE ?? 'free');
	const spent = { tokens: 12_400, messages: 31, memory: 412_000_000, context: 48_200, background: 961 };
	const plan = () => {
		const of = { pro: 'pro', unlimited: 'house', basic: 'basic', trial: 'basic', given: 'basic' };
		return planOf(of[world.usage] ?? 'free');
	};

	function quota() {
		const state = world.usage;
		const { name, title, tokens_per_day, messages_per_day, memory_bytes, requests_per_minute, burst } =
			plan();
		const metered = state !== 'unmetered';
		const limit = (of) => (metered ? of : null);
		const part = { near: 0.865, used_up: 1 }[state];
		const until = new Date(Date.now() + 11 * DAY).toISOString();
		const answering = state === 'answering';
		const used = (amount) => (state === 'empty' ? 0 : amount);
		return {
			plan: name,
			plan_title: title,
			source:
				{ trial: 'trial', given: 'given', pro: 'paid', basic: 'paid', unlimited: 'given' }[state] ??
				'default',
			until: state === 'trial' || state === 'given' ? until : null,
			metered,
			tokens: meter(
				used(part ? Math.round(tokens_per_day * part) : spent.tokens),
				limit(tokens_per_day),
				answering ? 2_400 : 0
			),
			messages: meter(used(spent.messages), limit(messages_per_day), answering ? 1 : 0),
			storage: meter(used(state === 'full' ? memory_bytes : spent.memory), limit(memory_bytes)),
			context_tokens: used(spent.context),
			background_tokens: used(spent.background),
			requests_per_minute: limit(requests_per_minute),
			burst: limit(burst),
			answers_at_once: metered ? (name === 'free' ? 1 : 3) : null,
			resets_at: midnight(),
			upgrade: metered && world.billing && (name === 'free' || name === 'basic')
		};
	}

	const history = (days) =>
		Array.from({ length: days }, (_, index) => {
			const one = day(days - 1 - index);
			if (world.usage === 'empty') for (const field of [...FIELDS, 'tokens']) one[field] = 0;
			return one;
		});
	const sum = (items, field) => items.reduce((all, item) => all + item[field], 0);
	const daysOf = (url) => Math.min(366, Math.max(1, Number(url.searchParams.get('days') ?? 30)));

	const ledger = Array.from({ length: 173 }, (_, n) => {
		const one = day(Math.floor(n / 4));
		const resource = FIELDS[n % 4 === 3 ? 4 : n % 4];
		const kind = n === 9 ? 'correction' : n === 172 ? 'opening' : 'use';
		return {
			number: 173 - n,
			resource,
			amount: kind === 'correction' ? -420 : Math.round(one[resource] / 7) || 12,
			source_id: null,
			kind,
			note: kind === 'correction' ? 'The answer was counted twice.' : null,
			day: one.date,
			at: new Date(Date.now() - n * 2.2 * 3600e3).toISOString(),
			plan: 'free'
		};
	});

	const added = {
		quota: ({ response }) => send(response, 200, quota()),
		history: ({ url, response }) => {
			const items = history(daysOf(url));
			send(response, 200, { from: items[0].date, to: items.at(-1).date, items });
		},
		stats: ({ url, response }) => {
			const items = history(daysOf(url));
			const busiest = items.reduce((best, item) => (item.tokens > best.tokens ? item : best));
			const active = items.filter(({ messages }) => messages).length;
			send(response, 200, {
				days: items.length,
				from: items[0].date,
				to: items.at(-1).date,
				totals: Object.fromEntries([...FIELDS, 'tokens'].map((field) => [field, sum(items, field)])),
				tokens_a_day: Math.round(sum(items, 'tokens') / items.length),
				messages_a_day: Math.round(sum(items, 'messages') / items.length),
				active_days: active,
				busiest: active ? { date: busiest.date, tokens: busiest.tokens } : null,
				since: world.usage === 'empty' ? null : new Date(Date.now() - 120 * DAY).toISOString()
			});
		},
		ledger: ({ url, response }) => {
			const limit = Number(url.searchParams.get('limit') ?? 50);
			const before = Number(url.searchParams.get('before') ?? Infinity);
			const left = ledger.filter(({ number }) => number < before);
			const items = left.slice(0, limit);
			const next_before = left.length > limit ? items.at(-1).number : null;
			send(response, 200, { items, next_before, total: ledger.length });
		},
		export: ({ url, user, response }) => {
			if (!user.email_verified) throw new Refusal(403, 'email_unverified', 'Verify your mail address first.');
			const items = history(daysOf(url));
			const fields = ['date', ...FIELDS, 'tokens'];
			response.writeHead(200, {
				'Content-Type': 'text/csv; charset=utf-8',
				'Content-Disposition': `attachment; filename="novacore-usage-${items[0].date}-to-${items.at(-1).date}.csv"`
			});
			response.end(
				[fields, ...items.map((item) => fields.map((field) => item[field]))]
					.map((row) => row.join(','))
					.join('\r\n')
			);
		}
	};
	for (const [name, handle] of Object.entries(added))
		routes.push([
			'GET',
			`/api/usage/${name}`,
			async (call) => {
				if (world.usage === 'slow') await later(3000);
				if (world.usage === 'fail')
					throw new Refusal(500, 'internal', 'Something failed in the server. Nothing was changed.');
				return handle(call);
			}
		]);

	/** A turn crosses a level of what its plan has; nothing where that has no limit. */
	function crossing(resource, level, limit) {
		if (!limit) return [];
		const used = Math.round((limit * (level === 80 ? 83 : 100)) / 100);
		spent[resource] = used;
		const resets_at = resource === 'memory' ? null : midnight();
		return [{ resource, level, used, limit, percentage: level === 80 ? 83 : 100, resets_at }];
	}
	const levelOf = (text, full, most) => (full.test(text) ? 100 : most.test(text) ? 80 : 0);

	return {
		/** Before anything is stored: throws a refusal. */
		admit(text, response) {
			if (/#rate429/.test(text)) {
				response.setHeader('Retry-After', '12');
				throw new Refusal(
					429,
					'rate_limited',
					'That was too often in too short a time. Please wait a moment and try again.'
				);
			}
			if (/#quota(429)?(?!\w)/.test(text) || (world.usage === 'used_up' && quota().metered)) {
				spent.tokens = plan().tokens_per_day ?? spent.tokens;
				response.setHeader('Retry-After', String(Math.ceil((Date.parse(midnight()) - Date.now()) / 1000)));
				throw new Refusal(429, 'quota_exceeded', 'You have used all tokens of today.', {
					resets_at: midnight()
				});
			}
		},
		/** Right after start. */
		atStart(text) {
			const level = levelOf(text, /#memoryfull/, /#memory80/);
			return level ? crossing('memory', level, plan().memory_bytes) : [];
		},
		/** Just before done. */
		atEnd(text, tokens) {
			spent.messages++;
			spent.tokens += tokens;
			spent.context += 600;
			const level = levelOf(text, /#quota(100|cut)/, /#quota80/);
			const sent = levelOf(text, /#messages100/, /#messages80/);
			return [
				...(level ? crossing('tokens', level, plan().tokens_per_day) : []),
				...(sent ? crossing('messages', sent, plan().messages_per_day) : [])
			];
		},
		quota
	};
}
