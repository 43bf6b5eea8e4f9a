// How much is remembered, and how it is found, in words. Pure.
import type { MemoryKind, MemoryStats } from '../../api/types';
import { count, percents, plural } from '../../ui/time';

const list = new Intl.ListFormat('en');

/** "Nova remembers 1,204 things, 360 of them for good." */
export const totalWords = ({ total, by_tier }: Pick<MemoryStats, 'total' | 'by_tier'>): string =>
	total
		? `Nova remembers ${plural(total, 'thing')}, ${count(by_tier.ltm)} of them for good.`
		: 'Nova remembers nothing yet.';

const KINDS: readonly (readonly [MemoryKind, string, string])[] = [
	['turn', 'turn of a conversation', 'turns of conversations'],
	['note', 'note', 'notes'],
	['fact', 'fact', 'facts'],
	['summary', 'summary', 'summaries'],
	['reflection', 'thought on talking with you', 'thoughts on talking with you']
];

/** "980 turns of conversations, 30 notes and 41 facts" */
export const kindsWords = (by: MemoryStats['by_kind']): string =>
	list.format(KINDS.filter(([kind]) => by[kind]).map(([kind, one, many]) => plural(by[kind], one, many)));

/** "30 %", never 0 where there is some and never 100 where there is more. */
export function share(part: number, whole: number): string {
	if (!part || !whole) return 'none';
	const of = (part * 100) / whole;
	if (of < 1) return `less than ${percents(1)}`;
	return percents(part < whole ? Math.min(99, Math.round(of)) : 100);
}

type Embedding = MemoryStats['embedding'];

const modelWords = ({ provider, model }: Pick<Embedding, 'provider' | 'model'>): string => {
	if (provider === 'builtin') return 'the built-in model';
	return model ? `the model ${model} of Ollama` : 'a model of Ollama';
};

/** "Nova finds by meaning with the built-in model; 120 of 4,000 memories are still being read." */
export function meaningWords(embedding: Embedding): string {
	const { provider, meaning, waiting, with_vector, refused } = embedding;
	if (provider === 'off')
		return 'Nova finds by words alone: finding by meaning is switched off on this server.';
	const model = modelWords(embedding);
	if (!meaning && !with_vector && waiting)
		return `Nova finds by words for now. ${plural(waiting, 'memory is', 'memories are')} about to be read with ${model}; then it finds by meaning too.`;
	if (!meaning)
		return `Nova finds by words for now: ${model} does not answer. Nothing is lost, and finding by meaning goes on when it is back.`;
	const finds = `Nova finds by meaning with ${model}`;
	if (waiting)
		return `${finds}; ${count(waiting)} of ${plural(with_vector + waiting, 'memory', 'memories')} ${waiting === 1 ? 'is' : 'are'} still being read.`;
	if (refused)
		return `${finds}; ${plural(refused, 'memory', 'memories')} it could not read ${refused === 1 ? 'is' : 'are'} found by words.`;
	return with_vector
		? `${finds}; ${with_vector === 1 ? 'the one memory is' : `all ${count(with_vector)} memories are`} read.`
		: `${finds}.`;
}

/** How looking through conversations stands. */
export function distilWords({ enabled, waiting, failed }: MemoryStats['distilling']): string {
	if (!enabled)
		return 'Conversations are not looked through: no model is set up for it, or it is switched off on this server.';
	const parts = [
		waiting
			? `${plural(waiting, 'conversation')} ${waiting === 1 ? 'waits' : 'wait'} to be looked through`
			: '',
		failed ? `${plural(failed, 'conversation')} could not be looked through` : ''
	].filter(Boolean);
	return parts.length ? `${list.format(parts)}.` : 'Every conversation that has ended was looked through.';
}

export type Fill = { tone: 'good' | 'wait' | 'bad'; words: string };

/** How full it is: a word of its own from 80 % on. */
export function fillOf({ bytes, limit_bytes }: Pick<MemoryStats, 'bytes' | 'limit_bytes'>): Fill {
	if (limit_bytes === null || bytes * 5 < limit_bytes * 4) return { tone: 'good', words: '' };
	return bytes < limit_bytes ? { tone: 'wait', words: 'Nearly full' } : { tone: 'bad', words: 'Full' };
}
