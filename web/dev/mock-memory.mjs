// Memory for the stand-in: everything under /api/memory and what of it stands in the chat. What it remembers at the
// start is in memory-samples.mjs; what is forgotten, corrected or stored lasts until it ends.
// Knobs while it runs, POST /_mock/config:
//   {"memory": {"empty": true}}      nothing remembered yet: lists, search, profile and timeline are empty
//   {"memory": {"full": true}}       what would make it grow is refused with 429
//   {"memory": {"slow": 3000}}       every answer takes that long, in milliseconds
//   {"memory": {"fail": true}}       every route answers 500
//   {"memory": {"meaning": false}}   no vectors take part
//   {"memory": {"distilling": false}} distilling is off: POST /distil answers 409
//   {"memory": {"unverified": true}} the export is refused
//   {"memory": {"near": 40}}         a narrowed list looks through so many at once, and does not count them all
// Each may stand together with others; false takes it back.
import { randomUUID } from 'node:crypto';
import { sampleStore } from './memory-samples.mjs';

const DAY = 86_400_000;
const now = () => new Date().toISOString();
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const bytesOf = (memory) => Buffer.byteLength(memory.text) + 160;
const stem = (word) => word.toLowerCase().replace(/(?<=...)(?:ing|es|s|ed)$/, '');
const wordsOf = (text) => text.match(/[\p{L}\p{N}]+/gu) ?? [];
const COMMON = new Set(
	'a an and are at did do does for from has have i in is it me my of on or s that the to was we what when where which who with you your'.split(
		' '
	)
);
/** What means something near: so that a search finds more than its words. */
const NEAR = [
	['plants', 'garden', 'hostas', 'ferns', 'foxgloves', 'lavender', 'bed'],
	['heating', 'boiler', 'radiator', 'thermostat', 'gas', 'warm'],
	['child', 'daughter', 'ines', 'school', 'teacher'],
	['sport', 'run', 'running', 'marathon', 'knee', 'kilometres'],
	['food', 'eat', 'allergic', 'bread', 'meat', 'salt', 'nuts'],
	['sister', 'clara', 'lisbon', 'hamburg'],
	['job', 'work', 'ruth', 'team', 'manager'],
	['music', 'piano', 'bach', 'prelude']
].map((group) => group.map(stem));
const MONTHS = 'january february march april may june july august september october november december'.split(
	' '
);

export function addMemory(routes, { world, send, Refusal }) {
	const store = new Map(sampleStore(world).map((memory) => [memory.id, memory]));
	const knobs = (world.memory ??= {});
	const gone = [];
	const jobs = [];
	const begun = Date.now();

	const knob = (name, otherwise = false) => (world.memory ?? knobs)[name] ?? otherwise;
	const all = () =>
		knob('empty')
			? []
			: [...store.values()].sort(
					(a, b) => b.created_at.localeCompare(a.created_at) || b.id.localeCompare(a.id)
				);

	function view({ vector: _, ...memory }) {
		const session = world.sessions.get(memory.session_id);
		return { ...memory, session_title: session ? session.title : memory.session_title };
	}
	function one(id) {
		const memory = knob('empty') ? undefined : store.get(id);
		if (!memory) throw new Refusal(404, 'not_found', 'There is no such memory. It may have been forgotten.');
		return memory;
	}
	const derivedFrom = (ids) => {
		const cited = new Set(ids);
		return all().filter((memory) => !cited.has(memory.id) && memory.evidence.some((id) => cited.has(id)));
	};

	/** What it had replaced is so again. */
	function again(id) {
		for (const other of store.values())
			if (other.superseded_by === id) Object.assign(other, { superseded_by: null, ended_at: null });
	}

	/** Takes them away, and what was distilled from them. */
	function forget(list, dry = false) {
		const derived = derivedFrom(list.map(({ id }) => id));
		const bytes = [...list, ...derived].reduce((sum, memory) => sum + bytesOf(memory), 0);
		if (!dry)
			for (const memory of [...list, ...derived]) {
				store.delete(memory.id);
				gone.push(now());
				again(memory.id);
			}
		return { forgotten: list.length, derived: derived.length, bytes };
	}

	function room() {
		if (knob('full'))
			throw new Refusal(
				429,
				'quota_exceeded',
				'Your memory is full, so this could not be remembered. What was remembered before is safe. Forget something to make room.'
			);
	}
	function checked(text, kind) {
		const refuse = (code, says) => {
			throw new Refusal(422, code, says, { fields: { text: says } });
		};
		if (!text?.trim()) refuse('memory_text_empty', 'Write something to remember.');
		const most = kind === 'fact' ? 1_000 : 16_384;
		if (Buffer.byteLength(text) > most)
			refuse(
				'memory_text_too_long',
				`This holds ${most.toLocaleString('en')} bytes at most. Shorten it, or make two of it.`
			);
		return text;
	}
	function checkedTags(tags) {
		if (tags.length > 16 || tags.some((tag) => !tag || tag.length > 40)) {
			const says = 'At most 16 tags of 1 to 40 characters each.';
			throw new Refusal(422, 'tags_invalid', says, { fields: { tags: says } });
		}
		return tags;
	}

	/** Days in UTC, the last one with all its hours; or moments. */
	const spanOf = (from, to) => [
		from ? Date.parse(from) : -Infinity,
		to ? Date.parse(to) + (to.length === 10 ? DAY : 0) : Infinity
	];
	function filtered({ tier, kind, tag, session_id, pinned, current, from, to }) {
		const kinds = kind ? kind.split(',') : null;
		const [first, last] = spanOf(from, to);
		return all().filter(
			(memory) =>
				(!tier || memory.tier === tier.toLowerCase()) &&
				(!kinds || kinds.includes(memory.kind)) &&
				(!tag || memory.tags.includes(tag)) &&
				(!session_id || memory.session_id === session_id) &&
				(!pinned || memory.pinned) &&
				(!current || !memory.ended_at) &&
				Date.parse(memory.created_at) >= first &&
				Date.parse(memory.created_at) < last
		);
	}

	function understood(query) {
		const words = [...new Set(wordsOf(query.toLowerCase()).filter((word) => !COMMON.has(word)))];
		const month = words.map((word) => MONTHS.indexOf(word)).find((index) => index >= 0);
		const speaker = /\b(did i|i said|have i)\b/i.test(query)
			? 'user'
			: /\b(did you|you said|nova said)\b/i.test(query)
				? 'assistant'
				: null;
		if (month === undefined) return { from: null, to: null, speaker, words };
		const today = new Date();
		const year = today.getUTCFullYear() - (month > today.getUTCMonth() ? 1 : 0);
		const day = (end) => new Date(Date.UTC(year, month + end, 1 - end)).toISOString().slice(0, 10);
		return { from: day(0), to: day(1), speaker, words: words.filter((word) => !MONTHS.includes(word)) };
	}

	function search(query, filter = {}, limit = 10) {
		const asked = understood(query);
		const stems = asked.words.map(stem);
		const near = new Set(
			knob('meaning', true) ? NEAR.filter((group) => stems.some((one) => group.includes(one))).flat() : []
		);
		const found = [];
		for (const memory of filtered(filter)) {
			const own = wordsOf(memory.text);
			const matched = own.filter((word) =>
				stems.some((one) => stem(word) === one || (one.length > 2 && word.toLowerCase().startsWith(one)))
			);
			const meant = own.filter((word) => near.has(stem(word))).length;
			const inSpan =
				asked.from && memory.created_at >= asked.from && memory.created_at.slice(0, 10) <= asked.to;
			if (!matched.length && !meant && !inSpan) continue;
			const days = (Date.now() - Date.parse(memory.created_at)) / DAY;
			const parts = [
				['words', (new Set(matched.map(stem)).size / Math.max(1, stems.length)) * 0.62],
				['meaning', Math.min(meant, 3) * 0.13],
				['date', inSpan ? 0.3 : 0],
				['speaker', asked.speaker === memory.speaker ? 0.11 : 0],
				['importance', memory.importance * 0.14],
				['recent', 0.09 * Math.exp(-days / 30)],
				['asks', memory.text.endsWith('?') ? -0.07 : 0],
				[
					'standing',
					(memory.pinned ? 0.18 : memory.tier === 'ltm' ? 0.06 : 0) -
						(memory.superseded_by ? 0.3 : days > 120 ? 0.06 : 0)
				]
			]
				.map(([name, value]) => ({ name, value: Math.round(value * 1000) / 1000 }))
				.filter(({ value }) => value);
			const score = Math.round(parts.reduce((sum, { value }) => sum + value, 0) * 1000) / 1000;
			if (score > 0.15) found.push({ ...view(memory), score, parts, matched: [...new Set(matched)] });
		}
		found.sort((a, b) => b.score - a.score || b.created_at.localeCompare(a.created_at));
		return {
			results: found.slice(0, limit),
			total: found.length,
			took_ms: 7,
			meaning: knob('meaning', true) && stems.length > 0,
			understood: asked
		};
	}

	/** As it stands in an answer: why, in sentences. */
	function used({ matched, ...memory }) {
		const says = {
			words: matched.length
				? `It has your ${matched.length > 1 ? 'words' : 'word'} ${matched
						.slice(0, 4)
						.map((word) => `“${word}”`)
						.join(', ')}, or ${matched.length > 1 ? 'forms of them' : 'a form of it'}.`
				: null,
			meaning: 'It means something near.',
			date: 'You said it at the time you asked about.',
			standing: memory.pinned ? 'You pinned it.' : null,
			importance: memory.importance > 0.7 ? 'It matters often.' : null
		};
		const reasons = memory.parts.map(({ name }) => says[name]).filter(Boolean);
		const { id, text, speaker, session_id, session_title, created_at, kind, tier, pinned, score, parts } =
			memory;
		return {
			id,
			text,
			speaker,
			session_id,
			session_title,
			created_at,
			kind,
			tier,
			pinned,
			score,
			parts,
			superseded: !!memory.superseded_by,
			reasons,
			forgotten: false
		};
	}
	function recall(text, at_most = 3) {
		const found = search(text.replace(/#\S+/g, ''), {}, at_most).results;
		return (found.length ? found : search('garden north side damp', {}, at_most).results).map(used);
	}

	/** What stands in every prompt: some facts, and the newest advice. */
	function always() {
		const as = (name) => (memory) =>
			used({ ...view(memory), score: 0, matched: [], parts: [{ name, value: 0 }] });
		return [
			...filtered({ kind: 'fact', current: true }).slice(0, 3).map(as('profile')),
			...filtered({ kind: 'reflection' }).slice(0, 1).map(as('advice'))
		];
	}
	/** What an answer was given, as it is now. */
	const today = (memories) =>
		memories.map((memory) => {
			const now = store.get(memory.id);
			if (now) return { ...memory, text: now.text, pinned: now.pinned, tier: now.tier };
			const { id, score } = memory;
			const nothing = { speaker: null, created_at: null, session_id: null, session_title: null };
			const rest = { kind: null, tier: null, pinned: false, superseded: false, parts: [], reasons: [] };
			return { id, score, text: '', ...nothing, ...rest, forgotten: true };
		});

	/** Messages of the conversation that was used last. */
	function running() {
		const newest = [...world.sessions.values()].sort((a, b) => b.updated_at.localeCompare(a.updated_at))[0];
		return knob('empty') || !newest
			? 0
			: [...world.messages.values()].filter(({ session_id }) => session_id === newest.id).length;
	}
	function stats() {
		const list = all();
		const count = (name, values) =>
			Object.fromEntries(
				values.map((value) => [value, list.filter((memory) => memory[name] === value).length])
			);
		const monday = (iso) =>
			new Date(Date.parse(iso) - ((new Date(iso).getUTCDay() + 6) % 7) * DAY).toISOString().slice(0, 10);
		const weeks = new Map();
		const oldest = list.at(-1)?.created_at ?? null;
		if (oldest)
			for (let time = Date.parse(monday(oldest)); time <= Date.now(); time += 7 * DAY)
				weeks.set(new Date(time).toISOString().slice(0, 10), { added: 0, promoted: 0, forgotten: 0 });
		for (const memory of list) {
			const week = weeks.get(monday(memory.created_at));
			if (week) week.added++;
			const kept = memory.promoted_at && weeks.get(monday(memory.promoted_at));
			if (kept) kept.promoted++;
		}
		for (const at of gone) {
			const week = weeks.get(monday(at));
			if (week) week.forgotten++;
		}
		let [index, total, ltm] = [0, 0, 0];
		const growth = [...weeks].map(([date, week]) => {
			const old = index++ % 6 === 4 ? 3 : 0;
			total += week.added;
			ltm += week.promoted;
			return {
				date,
				...week,
				added: week.added + old,
				forgotten: week.forgotten + old,
				total,
				ltm: Math.min(ltm, total)
			};
		});
		const read = Math.min(list.length, Math.floor(list.length * 0.9 + (Date.now() - begun) / 4000));
		const on = knob('meaning', true);
		return {
			total: list.length,
			bytes: knob('full') ? 5_000_000 : list.reduce((sum, memory) => sum + bytesOf(memory), 0),
			limit_bytes: knob('unlimited') ? null : 5_000_000,
			by_tier: { stm: running(), ...count('tier', ['itm', 'ltm']) },
			by_kind: count('kind', ['turn', 'note', 'fact', 'summary', 'reflection']),
			pinned: list.filter(({ pinned }) => pinned).length,
			sessions: new Set(list.map(({ session_id }) => session_id)).size,
			superseded: list.filter(({ superseded_by }) => superseded_by).length,
			oldest_at: oldest,
			newest_at: list[0]?.created_at ?? null,
			growth,
			embedding: {
				provider: on ? 'builtin' : 'off',
				model: on ? 'builtin-small' : null,
				dimension: on ? 384 : null,
				with_vector: on ? read : 0,
				waiting: on ? list.length - read : 0,
				meaning: on
			},
			distilling: {
				enabled: knob('distilling', true),
				last_at: list.length ? new Date(Date.now() - 0.4 * DAY).toISOString() : null,
				waiting: jobs.filter(({ state }) => state === 'waiting').length,
				failed: jobList().filter(({ state }) => state === 'failed').length
			}
		};
	}

	function timeline(before, limit) {
		const days = new Map();
		for (const memory of all()) {
			const date = memory.created_at.slice(0, 10);
			if (before && date >= before) continue;
			if (!days.has(date)) days.set(date, []);
			days.get(date).push(memory);
		}
		const dates = [...days.keys()].sort().reverse();
		const shown = dates.slice(0, limit).map((date) => {
			const list = days.get(date);
			const groups = new Map();
			for (const memory of list)
				groups.set(memory.session_id, [...(groups.get(memory.session_id) ?? []), memory]);
			const sessions = [...groups].map(([session_id, group]) => {
				const summary = group.find(({ kind }) => kind === 'summary');
				const rest = group.filter((memory) => memory !== summary).sort((a, b) => b.importance - a.importance);
				return {
					session_id,
					title: view(group[0]).session_title,
					kind: world.sessions.has(session_id) ? 'conversation' : 'stored',
					memories: group.length,
					summary: summary ? view(summary) : null,
					highlights: rest.slice(0, 3).map(view)
				};
			});
			const promoted = all().filter((memory) => memory.promoted_at?.startsWith(date)).length;
			return {
				date,
				turns: list.filter(({ kind }) => kind === 'turn').length,
				promoted,
				facts: list.filter(({ kind }) => kind === 'fact').length,
				sessions
			};
		});
		return { days: shown, next_before: dates.length > limit ? shown.at(-1).date : null };
	}

	const oldJob = (more) => ({
		id: randomUUID(),
		kind: 'distil',
		session_id: null,
		attempts: 1,
		error: null,
		made: null,
		...more
	});
	const done = all();
	for (const [hours, more] of [
		[
			9,
			{
				state: 'failed',
				attempts: 5,
				session_id: done.find(({ kind }) => kind === 'turn').session_id,
				error: 'The model did not answer within two minutes.'
			}
		],
		[
			10,
			{
				state: 'done',
				session_id: done.find(({ kind }) => kind === 'summary').session_id,
				made: { facts: 3, summaries: 1, reflections: 0, rejected: 2 }
			}
		],
		[11, { state: 'done', kind: 'reflect', made: { facts: 0, summaries: 0, reflections: 1, rejected: 0 } }],
		[12, { state: 'done', kind: 'promote' }],
		[
			13,
			{
				state: 'held',
				kind: 'distil',
				session_id: done.at(-3).session_id,
				error: 'This server runs on a copy of its data, so nothing is distilled.'
			}
		]
	]) {
		const at = new Date(Date.now() - hours * 3_600_000).toISOString();
		jobs.push(
			oldJob({
				created_at: at,
				due_at: at,
				ended_at: ['done', 'failed'].includes(more.state) ? at : null,
				...more
			})
		);
	}
	/** A job runs two seconds after it is due, for four. */
	function jobList() {
		for (const job of jobs) {
			const age = Date.now() - Date.parse(job.due_at);
			if (job.state === 'waiting' && age > 2000)
				Object.assign(job, { state: 'running', attempts: job.attempts + 1 });
			if (job.state === 'running' && age > 6000)
				Object.assign(job, {
					state: 'done',
					ended_at: now(),
					error: null,
					made: { facts: 2, summaries: 1, reflections: 0, rejected: 1 }
				});
		}
		return jobs.map((job) => ({
			...job,
			conversation: world.sessions.has(job.session_id),
			session_title:
				world.sessions.get(job.session_id)?.title ??
				[...store.values()].find(({ session_id }) => session_id && session_id === job.session_id)
					?.session_title ??
				null
		}));
	}
	const enqueue = (session_id, kind) => {
		const job = oldJob({
			kind,
			state: 'waiting',
			attempts: 0,
			session_id,
			created_at: now(),
			due_at: now(),
			ended_at: null
		});
		jobs.unshift(job);
		return job.id;
	};

	function fresh(more) {
		const memory = {
			id: randomUUID(),
			tier: 'itm',
			kind: 'note',
			text: '',
			speaker: 'user',
			session_id: randomUUID(),
			session_title: null,
			created_at: now(),
			edited_at: null,
			tags: [],
			pinned: false,
			importance: 0.4,
			promoted_at: null,
			times_used: 0,
			last_used_at: null,
			dates: [],
			evidence: [],
			superseded_by: null,
			ended_at: null,
			duplicate_of: null,
			vector: false,
			...more
		};
		store.set(memory.id, memory);
		return memory;
	}
	const keep = (memory) => Object.assign(memory, { tier: 'ltm', promoted_at: memory.promoted_at ?? now() });
	function pin(memory, pinned) {
		memory.pinned = pinned;
		if (pinned) keep(memory);
	}

	const number = (url, name, otherwise, most) =>
		Math.min(Number(url.searchParams.get(name) ?? otherwise), most);
	function route(method, path, handle) {
		routes.push([
			method,
			path,
			async (call) => {
				if (knob('slow')) await later(knob('slow'));
				if (knob('fail'))
					throw new Refusal(500, 'internal', 'Something in the server failed. Nothing was changed.');
				return handle(call);
			}
		]);
	}

	route('GET', '/api/memory', ({ url, response }) => {
		const ask = Object.fromEntries(url.searchParams);
		const limit = number(url, 'limit', 50, 1000);
		const filter = { ...ask, pinned: ask.pinned === 'true', current: ask.current === 'true' };
		if (ask.q)
			return send(response, 200, {
				items: search(ask.q, filter, limit).results,
				next_before: null,
				total: null
			});
		const near = knob('near', 0);
		if (near && Object.keys(ask).some((name) => !['limit', 'before', 'tier'].includes(name))) {
			const rows = all();
			const start = ask.before ? rows.findIndex(({ id }) => id === ask.before) + 1 : 0;
			const looked = rows.slice(start, start + near);
			const fits = new Set(filtered(filter));
			return send(response, 200, {
				items: looked.filter((memory) => fits.has(memory)).map(view),
				next_before: start + near < rows.length ? looked.at(-1).id : null,
				total: null
			});
		}
		const list = filtered(filter);
		const from = ask.before ? list.findIndex(({ id }) => id === ask.before) + 1 : 0;
		const items = list.slice(from, from + limit);
		send(response, 200, {
			items: items.map(view),
			next_before: from + limit < list.length ? items.at(-1).id : null,
			total: list.length
		});
	});
	route('POST', '/api/memory/search', ({ body, response }) => {
		const { query = '', limit = 10, ...filter } = body;
		if (!query.trim())
			throw new Refusal(422, 'query_empty', 'Write what to search for.', { fields: { query: 'Empty' } });
		send(response, 200, search(query, filter, limit));
	});
	route('GET', '/api/memory/context', ({ url, response }) => {
		const memories = search(url.searchParams.get('q') ?? '', {}, 6).results;
		const text = memories
			.map((memory) => `- ${memory.created_at.slice(0, 10)}, the person said: "${memory.text}"`)
			.join('\n');
		send(response, 200, {
			memories,
			text,
			tokens: Math.ceil(text.length / 4),
			limit_tokens: 1200,
			profile: filtered({ kind: 'fact', current: true })
				.slice(0, 5)
				.map((fact) => fact.text),
			meaning: knob('meaning', true)
		});
	});
	route('POST', '/api/memory/forget', async ({ body, response }) => {
		const { ids, session_id, from, to, query, tier, kind, everything, confirm, dry_run } = body;
		let list;
		if (ids) list = ids.map((id) => store.get(id)).filter(Boolean);
		else if (session_id) list = filtered({ session_id });
		else if (query) {
			const found = search(query, { tier, kind }, 1000);
			if (found.total > 100)
				throw new Refusal(
					422,
					'query_too_wide',
					'This search finds more than 100 memories. Choose among them and forget those.',
					{ fields: { query: 'Finds more than 100.' } }
				);
			list = found.results.map(({ id }) => store.get(id));
		} else if (everything) {
			if (!dry_run && confirm !== 'forget everything')
				throw new Refusal(422, 'confirm_wrong', 'Type the words “forget everything”.', {
					fields: { confirm: 'Type the words “forget everything”.' }
				});
			list = all();
		} else if (from && to) list = filtered({ from, to });
		else throw new Refusal(422, 'forget_what', 'Say what to forget.', { fields: {} });
		// What cites them is in the list itself when everything goes.
		send(response, 200, forget(list, dry_run));
	});
	route('GET', '/api/memory/stats', ({ response }) => send(response, 200, stats()));
	route('GET', '/api/memory/timeline', ({ url, response }) =>
		send(response, 200, timeline(url.searchParams.get('before'), number(url, 'limit', 30, 200)))
	);
	route('GET', '/api/memory/profile', ({ response }) => {
		const facts = filtered({ kind: 'fact' });
		send(response, 200, {
			facts: facts.filter(({ ended_at }) => !ended_at).map(view),
			past: facts.filter(({ ended_at }) => ended_at).map(view),
			advice: filtered({ kind: 'reflection' }).slice(0, 20).map(view),
			facts_total: facts.filter(({ ended_at }) => !ended_at).length,
			past_total: facts.filter(({ ended_at }) => ended_at).length,
			updated_at: facts[0]?.created_at ?? null
		});
	});
	route('POST', '/api/memory/profile', ({ body, response }) => {
		const text = checked(body.text, 'fact');
		room();
		send(response, 201, view(fresh({ kind: 'fact', text, tier: 'ltm', promoted_at: now(), pinned: true })));
	});
	route('POST', '/api/memory/store', ({ body, response }) => {
		const text = checked(body.text);
		const tags = checkedTags(body.tags ?? []);
		room();
		const { speaker = 'user', session_key, created_at = now(), tier = 'itm' } = body;
		send(
			response,
			201,
			view(
				fresh({
					kind: session_key ? 'turn' : 'note',
					text,
					tags,
					speaker,
					created_at: new Date(created_at).toISOString(),
					tier: tier.toLowerCase(),
					session_title: session_key ?? null
				})
			)
		);
	});
	route('POST', '/api/memory/distil', ({ body, response }) => {
		if (!knob('distilling', true))
			throw new Refusal(409, 'distil_off', 'Distilling is switched off on this server.');
		const waiting = body.session_id
			? [body.session_id]
			: [
					...new Set(
						all()
							.filter(({ kind }) => kind === 'turn')
							.map(({ session_id }) => session_id)
					)
				].slice(0, 3);
		const job_ids = waiting.flatMap((id) => [enqueue(id, 'distil'), enqueue(id, 'reflect')]);
		send(response, 202, { job_ids, sessions: waiting.length });
	});
	route('GET', '/api/memory/jobs', ({ url, response }) => {
		const { embedding, total } = stats();
		send(response, 200, {
			items: knob('empty') ? [] : jobList().slice(0, number(url, 'limit', 100, 500)),
			embedding: embedding.waiting ? { done: embedding.with_vector, total } : null
		});
	});
	route('POST', '/api/memory/jobs/:id/retry', ({ id, response }) => {
		const job = jobs.find((job) => job.id === id);
		if (!job) throw new Refusal(404, 'not_found', 'There is no such job.');
		Object.assign(job, { state: 'waiting', due_at: now(), ended_at: null });
		send(response, 202);
	});
	route('GET', '/api/memory/export', ({ response }) => {
		if (knob('unverified')) throw new Refusal(403, 'email_unverified', 'Verify your address first.');
		const list = all();
		const line = ({
			id,
			kind,
			text,
			speaker,
			session_title: session_key,
			created_at,
			tags,
			tier,
			pinned,
			importance,
			evidence,
			ended_at,
			superseded_by,
			edited_at
		}) =>
			JSON.stringify({
				type: 'memory',
				id,
				kind,
				text,
				speaker,
				session_key,
				created_at,
				tags,
				tier,
				pinned,
				importance,
				evidence,
				ended_at,
				superseded_by,
				edited_at
			});
		response.writeHead(200, {
			'Content-Type': 'application/x-ndjson',
			'Content-Disposition': `attachment; filename="novacore-memory-${now().slice(0, 10)}.jsonl"`
		});
		response.end(
			[
				JSON.stringify({ type: 'header', version: 1, exported_at: now(), memories: list.length }),
				...list.map(line),
				''
			].join('\n')
		);
	});
	route('POST', '/api/memory/import', async ({ text, response }) => {
		await later(1200);
		const answer = { imported: 0, skipped: 0, failed: [], failed_total: 0 };
		const known = new Set(all().map((memory) => memory.created_at + memory.text));
		for (const [index, line] of text.split('\n').entries()) {
			if (!line.trim()) continue;
			try {
				const read = JSON.parse(line);
				if (read.type === 'header') continue;
				checked(read.text);
				if (store.has(read.id) || known.has(read.created_at + read.text)) {
					answer.skipped++;
					continue;
				}
				room();
				const {
					kind = 'note',
					speaker = 'user',
					created_at = now(),
					tags = [],
					tier = 'itm',
					pinned = false
				} = read;
				fresh({
					kind,
					text: read.text,
					speaker,
					created_at,
					tags: checkedTags(tags),
					tier,
					pinned,
					session_title: read.session_key ?? null
				});
				answer.imported++;
			} catch (cause) {
				if (cause.status === 429) throw cause;
				const known = cause instanceof Refusal;
				answer.failed.push({
					line: index + 1,
					code: known ? cause.body.code : 'line_invalid',
					error: known ? cause.message : 'This line is not JSON.'
				});
			}
		}
		answer.failed_total = answer.failed.splice(100).length + answer.failed.length;
		send(response, 200, answer);
	});
	route('POST', '/api/memory/:id/promote', ({ id, response }) => send(response, 200, view(keep(one(id)))));
	route('POST', '/api/memory/:id/demote', ({ id, response }) =>
		send(response, 200, view(Object.assign(one(id), { tier: 'itm', promoted_at: null, pinned: false })))
	);
	route('POST', '/api/memory/:id/pin', ({ id, body, response }) => {
		pin(one(id), body.pinned ?? true);
		send(response, 200, view(one(id)));
	});
	route('GET', '/api/memory/:id', ({ id, response }) => {
		const memory = one(id);
		send(response, 200, {
			...view(memory),
			evidence_turns: memory.evidence
				.map((turn) => store.get(turn))
				.filter(Boolean)
				.map(view),
			derived: derivedFrom([id]).map(view),
			supersedes: all()
				.filter(({ superseded_by }) => superseded_by === id)
				.map((old) => old.id),
			vector: memory.vector && knob('meaning', true) ? { model: 'builtin-small' } : null
		});
	});
	route('PATCH', '/api/memory/:id', ({ id, body, response }) => {
		const memory = one(id);
		if (body.text !== undefined) checked(body.text, memory.kind);
		if (body.tags) checkedTags(body.tags);
		if ((body.text?.length ?? 0) > memory.text.length) room();
		if (body.text !== undefined && body.text !== memory.text) {
			const derived = derivedFrom([id]);
			if (derived.length) forget(derived);
			again(id);
			Object.assign(memory, {
				text: body.text,
				edited_at: now(),
				ended_at: null,
				superseded_by: null,
				...(memory.kind === 'fact' ? { pinned: true } : {})
			});
		}
		if (body.current !== undefined)
			Object.assign(memory, {
				ended_at: body.current ? null : (memory.ended_at ?? now()),
				superseded_by: body.current ? null : memory.superseded_by
			});
		if (body.tags) memory.tags = body.tags;
		if (body.pinned !== undefined) pin(memory, body.pinned);
		if (body.tier)
			Object.assign(memory, body.tier === 'ltm' ? keep(memory) : { tier: body.tier, promoted_at: null });
		send(response, 200, view(memory));
	});
	route('DELETE', '/api/memory/:id', ({ id, response }) => {
		forget([one(id)]);
		send(response, 204);
	});

	// The sample conversations speak of what is really here.
	for (const message of world.messages.values())
		if (message.memories.length) message.memories = recall('lavender hostas damp north side');
	for (const session of world.sessions.values()) session.use_memory ??= true;

	return { recall, always, today };
}
