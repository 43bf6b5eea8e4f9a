// What administrators see of everybody's memory, for the stand-in: which model finds by meaning, and distilling.
// Knobs while it runs, POST /_mock/config:
//   {"adminMemory": "undecided"}   nothing is decided yet and nothing remembered
//   {"adminMemory": "off"}         finding by meaning and distilling are switched off
//   {"adminMemory": "failing"}     distilling failed, and the budget of today is used up
//   {"adminMemory": "well"}        everything is well (at the start)
//   {"ollamaAway": true}           the model server is not there: choosing it answers 409 embedding_unavailable
const ago = (hours) => new Date(Date.now() - hours * 3_600_000).toISOString();

const BUILTIN = { provider: 'builtin', model: 'static-minilm-256', digest: '6f1d3b0a9c42', dimension: 256 };
const OLLAMA = { provider: 'ollama', model: 'all-minilm', digest: '1b226e2802db', dimension: 384 };
const VECTORS = 48_211;
/** As many vectors are made anew in a second. */
const PACE = 3_000;

const DISTILLING = {
	enabled: true,
	idle: true,
	waiting: 3,
	running: 0,
	failed: 0,
	accepted: 1_204,
	rejected: 86,
	calls_today: 41,
	tokens_today: 71_300,
	seconds_today: 610,
	outcomes: { accepted: 1_120, merged: 84, support: 61, question: 25 },
	budget: { calls: 200, tokens: 400_000, seconds: 1_800 },
	last_night_at: ago(7)
};
const STATES = {
	well: {},
	undecided: { waiting: 0, accepted: 0, rejected: 0, calls_today: 0, tokens_today: 0, last_night_at: null },
	off: { enabled: false, waiting: 0 },
	failing: {
		idle: false,
		waiting: 57,
		running: 1,
		failed: 4,
		calls_today: 200,
		tokens_today: 391_800,
		last_night_at: ago(31)
	}
};

export function addAdminMemory(routes, { world, send, Refusal, administrator }) {
	world.adminMemory ??= 'well';
	let chosen = { configured: 'auto', decided: { ...BUILTIN, decided_at: ago(24 * 40) } };
	let began = null;
	let distilling = null;

	const reading = () => {
		if (!began) return null;
		const done = Math.min(VECTORS, Math.round(((Date.now() - began) / 1000) * PACE));
		if (done === VECTORS) began = null;
		return done === VECTORS ? null : { done, total: VECTORS };
	};
	const candidates = () => [
		world.ollamaAway
			? {
					provider: 'ollama',
					model: OLLAMA.model,
					available: false,
					reason: 'Ollama did not answer at 127.0.0.1:11434.'
				}
			: { provider: 'ollama', model: OLLAMA.model, available: true, reason: 'It is installed.' },
		{
			provider: 'builtin',
			model: BUILTIN.model,
			available: true,
			reason: 'It is part of this program and is always there.'
		}
	];
	const state = () => {
		const kind = world.adminMemory;
		const off = kind === 'off' || chosen.configured === 'off';
		const none = kind === 'undecided';
		const again = reading();
		if (distilling && Date.now() - distilling > 6_000) distilling = null;
		return {
			embedding: {
				provider: off ? 'off' : chosen.configured,
				decided: none || off ? null : chosen.decided,
				candidates: candidates(),
				difference: null,
				trouble: null,
				failures: 0,
				vectors: none ? 0 : again ? again.done : VECTORS,
				waiting: none ? 0 : again ? again.total - again.done : 120,
				reembedding: again
			},
			distilling: {
				...DISTILLING,
				...STATES[kind],
				...(distilling ? { running: 1, waiting: 2 } : {})
			}
		};
	};

	const added = [
		['GET', '/api/admin/memory', ({ response }) => send(response, 200, state())],
		[
			'POST',
			'/api/admin/memory/embedding',
			({ body, response }) => {
				if (body.provider === 'ollama' && world.ollamaAway)
					throw new Refusal(
						409,
						'embedding_unavailable',
						'Ollama did not answer at 127.0.0.1:11434. Nothing was changed. Start it with `ollama serve`, then choose it again.'
					);
				const model = { builtin: BUILTIN, ollama: OLLAMA }[body.provider];
				chosen = {
					configured: body.provider,
					decided: model ? { ...model, decided_at: new Date().toISOString() } : null
				};
				if (world.adminMemory !== 'failing') world.adminMemory = 'well';
				began = model ? Date.now() : null;
				send(response, 200, state());
			}
		],
		[
			'POST',
			'/api/admin/memory/distil',
			({ response }) => {
				const { enabled, waiting } = state().distilling;
				if (!enabled)
					throw new Refusal(
						409,
						'distil_off',
						'Distilling is switched off in the configuration of this server.'
					);
				if (waiting) distilling = Date.now();
				send(response, 202, { sessions: waiting });
			}
		]
	];
	for (const [method, path, handle] of added)
		routes.push([
			method,
			path,
			(call) => {
				administrator(call.user);
				return handle(call);
			}
		]);
}
