// How memory is kept for everybody, in words. Pure.
import type { AdminMemory } from '../../api/types';
import { count, percents, plural, waiting as lasting } from '../../ui/time';
import type { Standing } from '../../ui/tone';

type Embedding = AdminMemory['embedding'];
type Distilling = AdminMemory['distilling'];
export type Provider = 'builtin' | 'ollama' | 'off';
export const isProvider = (word: string): word is Provider => ['builtin', 'ollama', 'off'].includes(word);

const PROVIDERS: Record<string, string> = {
	builtin: 'the built-in model',
	ollama: 'a model of Ollama',
	off: 'words alone'
};
/** A provider this page does not know is shown as the server names it. */
export const providerWords = (provider: string): string => PROVIDERS[provider] ?? provider;

/** "the built-in model (static-minilm-256)" */
export const modelWords = ({ provider, model }: { provider: string; model: string }): string =>
	provider === 'ollama' ? `${model} of Ollama` : `${providerWords(provider)} (${model})`;

/** Why it is this one. */
export function whyWords({ provider, decided }: Embedding): string {
	if (provider === 'off')
		return 'Finding by meaning is switched off. Nova finds by words alone, and nothing is read.';
	if (!decided)
		return 'Nothing is decided yet: the server chooses when it reads the first memory, and keeps to its choice.';
	if (provider === 'auto')
		return 'The server chose it, the best that was there, and keeps to it: another model cannot use what this one has read.';
	if (provider === decided.provider) return 'It was asked for, here or in the configuration.';
	return `Asked for is ${providerWords(provider)}. The server keeps to what it decided before, until it is changed here.`;
}

export function embeddingStanding({ provider, decided, reembedding, waiting }: Embedding): Standing {
	if (provider === 'off') return { tone: 'over', words: 'Off' };
	if (!decided) return { tone: 'wait', words: 'Not decided yet' };
	if (reembedding) return { tone: 'wait', words: 'Everything is read again' };
	return waiting
		? { tone: 'good', words: `${count(waiting)} still to read` }
		: { tone: 'good', words: 'Everything is read' };
}

export interface Asked {
	title: string;
	says: string;
	verb: string;
}

/** What changing it means, with how much of it there is. */
export function changeWords(to: { provider: string; model: string }, { vectors, waiting }: Embedding): Asked {
	const all = vectors + waiting;
	if (to.provider === 'off')
		return {
			title: 'Find by words alone?',
			says: `What was read of ${plural(vectors, 'memory', 'memories')} is no longer used, and finding by meaning stops for everybody. No memory is lost. To have it back, everything is read again.`,
			verb: 'Switch it off'
		};
	return {
		title: all ? `Read ${plural(all, 'memory', 'memories')} again?` : `Use ${modelWords(to)}?`,
		says: all
			? `What another model has read is of no use to ${modelWords(to)}, so all ${count(all)} are read again in the background. Until then Nova finds what is not read yet by words alone. No memory is lost.`
			: 'Nothing is remembered yet, so nothing needs to be read again.',
		verb: all ? 'Read everything again' : 'Use it'
	};
}

export function distillingStanding({ enabled, running, failed, waiting, idle }: Distilling): Standing {
	if (!enabled) return { tone: 'over', words: 'Off' };
	if (running) return { tone: 'wait', words: 'At work' };
	if (failed) return { tone: 'bad', words: `${count(failed)} failed` };
	if (!waiting) return { tone: 'good', words: 'Nothing waits' };
	return { tone: 'wait', words: idle ? 'Waits for the night' : 'Waits for the model' };
}

/** "1,204 kept, 86 not kept (6.7 %): nothing that was said bore them out" */
export function yieldWords({ accepted, rejected }: Distilling): string {
	if (!accepted && !rejected) return 'nothing was written yet';
	if (!rejected) return `${count(accepted)} kept, none turned down`;
	const rate = percents((rejected * 100) / (accepted + rejected));
	return `${count(accepted)} kept, ${count(rejected)} turned down (${rate})`;
}

/** Why something was kept or turned down, by the server's names. */
const OUTCOMES: Record<string, string> = {
	accepted: 'kept',
	merged: 'known already: one more thing that was said bears it out',
	malformed: 'not in the form that was asked for',
	too_many: 'more than was asked for',
	length: 'too short or too long',
	question: 'a question',
	instruction: 'an instruction',
	form: 'not a sentence about the person',
	about_nova: 'about Nova, not about the person',
	evidence: 'names nothing that was said and could carry it',
	name: 'a name that nobody said',
	number: 'a number that nobody said',
	support: 'too little of it was said',
	denial: 'the contrary was said',
	known: 'the person wrote it down already',
	unwanted: 'the person forgot it',
	outdated: 'something newer says otherwise',
	corrected: 'the person has corrected it',
	gone: 'what it rested on was forgotten or corrected meanwhile',
	full: 'no room for more'
};
/** One this page does not know is shown as the server names it. */
export const outcomeWords = (name: string): string => OUTCOMES[name] ?? name;
/** How often what, the most frequent first. */
export const outcomeLines = (outcomes: Distilling['outcomes']): { says: string; times: number }[] =>
	Object.entries(outcomes)
		.map(([name, times]) => ({ says: outcomeWords(name), times: times ?? 0 }))
		.sort((a, b) => b.times - a.times);

/** "41 of 200 calls, 71,300 of 400,000 tokens" */
export const budgetWords = ({ calls_today, tokens_today, budget }: Distilling): string =>
	`${count(calls_today)} of ${plural(budget.calls, 'call')} and ${count(tokens_today)} of ${plural(budget.tokens, 'token')} today; at most ${lasting(budget.seconds)} at a time`;

/** Nothing more is asked of the model today. */
export const spent = ({ calls_today, tokens_today, budget }: Distilling): boolean =>
	calls_today >= budget.calls || tokens_today >= budget.tokens;
