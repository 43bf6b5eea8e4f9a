// What is remembered, in words. Pure.
import type {
	Memory,
	MemoryImport,
	MemoryKind,
	MemorySearch,
	ResolvedDate,
	ScorePart,
	Shelf
} from '../api/types';
import { memorySize } from '../ui/size';
import { count, plural, utcDay } from '../ui/time';
import type { Going } from './acts';

interface ShelfWords {
	name: string;
	/** In a few words, beside its mark. */
	brief: string;
	says: string;
}
export const SHELVES: Record<Shelf, ShelfWords> = {
	stm: {
		name: 'Now',
		brief: 'the newest part of a conversation that still goes on',
		says: 'The newest part of a conversation that still goes on. Nova has it before it word for word, so it need not be looked up. Each of its messages also stands among what is searchable.'
	},
	itm: {
		name: 'Searchable',
		brief: 'found when it fits; what is long unused steps back, and is not deleted',
		says: 'What was said, whenever it was. Nova looks here for what fits. What is not used for a week steps back behind the rest; nothing is deleted.'
	},
	ltm: {
		name: 'For good',
		brief: 'chosen to stay, written down from what you said, or pinned',
		says: 'What matters most of what was said, what was learned from it, and what you pinned. It stays until you forget it.'
	}
};

export const KINDS: Record<MemoryKind, { one: string; many: string }> = {
	turn: { one: 'Said', many: 'What was said' },
	note: { one: 'Note', many: 'Notes' },
	fact: { one: 'Fact', many: 'Facts' },
	summary: { one: 'Summary', many: 'Summaries' },
	reflection: { one: 'Advice', many: 'Advice to itself' }
};
export const kindName = (kind: MemoryKind): string => KINDS[kind].one;

/** "You", "Nova", or the name that was given with it. */
export const spokenBy = (speaker: string | null | undefined): string =>
	!speaker || speaker === 'user' ? 'You' : speaker === 'assistant' ? 'Nova' : speaker;

/** In a word before it: who said it, or what it is that Nova wrote. */
export const whoseWords = ({ kind, speaker }: Pick<Memory, 'kind' | 'speaker'>): string =>
	kind === 'turn' || kind === 'note' ? spokenBy(speaker) : kindName(kind);

/** "You said it": with whom it began. */
export function whoSaid(speaker: string | null | undefined, kind?: MemoryKind | null): string {
	if (kind === 'fact') return 'Nova learned it';
	if (kind === 'summary') return 'Nova summed it up';
	if (kind === 'reflection') return 'Nova concluded it';
	const who = spokenBy(speaker);
	return kind === 'note' && who === 'You' ? 'You noted it' : `${who} said it`;
}

/** What a score is made of, by the server's names: what speaks for it, and what against it. */
const PARTS: Record<string, readonly [favour: string, against: string]> = {
	words: ['Your words are in it', 'Your words are not in it'],
	around: ['Your words stand beside it', 'Your words do not stand beside it'],
	session: ['Its conversation is about this', 'Its conversation is about something else'],
	meaning: ['It means something near', 'It means something else'],
	neighbours: ['What was said just before and after', 'What was said just before and after'],
	speaker: ['Who said it', 'Somebody else said it'],
	date: ['The time you asked about', 'Not the time you asked about'],
	kind: ['It tells when, or how many', 'It does not tell when, or how many'],
	asks: ['It is itself a question', 'It is itself a question'],
	importance: ['How much it matters', 'It matters little'],
	recent: ['How new it is', 'It is old'],
	standing: ['Kept for good, or pinned', 'Long unused, or no longer true'],
	correction: ['It corrects something else', 'Something else corrects it'],
	profile: ['It stands in your profile', 'It stands in your profile'],
	advice: ['It is Nova’s advice to itself', 'It is Nova’s advice to itself']
};
/** A part this page does not know is shown as the server names it. */
export const partWords = (name: string, value = 1): string => PARTS[name]?.[value < 0 ? 1 : 0] ?? name;
/** Less than this is not worth a line. */
const LEAST = 0.05;

export interface PartLine {
	name: string;
	says: string;
	value: number;
	written: string;
}
/** What made the score, the strongest first. */
export const partLines = (parts: readonly ScorePart[]): PartLine[] =>
	parts
		.filter(({ value }) => Math.abs(value) >= LEAST)
		.sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
		.map(({ name, value }) => ({
			name,
			says: partWords(name, value),
			value,
			written: `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`
		}));

/** Whether it is one month, all of it. */
function isMonth(from: string, to: string): boolean {
	const nextDay = new Date(Date.parse(to) + 86_400_000);
	const whole = new Date(from).getUTCDate() === 1 && nextDay.getUTCDate() === 1;
	return whole && from.slice(0, 7) === to.slice(0, 7);
}
/** "March 2026", "14 November", "1 April to 3 May". */
export function spanWords(from: string, to: string, now = new Date()): string {
	if (from === to) return utcDay(from, now);
	if (isMonth(from, to))
		return new Date(from).toLocaleDateString(undefined, { month: 'long', year: 'numeric', timeZone: 'UTC' });
	return `${utcDay(from, now)} to ${utcDay(to, now)}`;
}
/** What was meant by a time said in words. */
export const dateWords = ({ text, from, to }: ResolvedDate): string =>
	`“${text}” means ${spanWords(from, to)}`;

/** "what was said by you, and in March 2026, comes first": both are a wish, not a condition. */
function wishWords({ from, to, speaker }: MemorySearch['understood'], now: Date): string {
	const who = speaker && `by ${speaker === 'user' ? 'you' : spokenBy(speaker)}`;
	const one = from ?? to;
	const both = from && to ? (from === to ? 'on' : isMonth(from, to) ? 'in' : 'from') : '';
	const when = one && `${both || (from ? 'since' : 'until')} ${spanWords(from ?? one, to ?? one, now)}`;
	const wish = who && when ? `${who}, and ${when},` : who || when;
	return wish ? `; what was said ${wish} comes first` : '';
}
type HowFound = Pick<MemorySearch, 'meaning' | 'understood'>;
/** How many a list has, or a search, and how it was made: "50 or more" where not all of them were counted. */
export function manyWords(
	shown: number,
	{ total, more }: { total: number | null; more: boolean },
	found: HowFound | null = null,
	now = new Date()
): string {
	const all = Math.max(total ?? shown, shown);
	const open = total === null && more;
	const what = open ? `${count(shown)} or more memories` : plural(all, 'memory', 'memories');
	const how = found ? ` found by words ${found.meaning ? 'and by meaning' : 'alone'}` : '';
	const part = all > shown ? `, ${count(shown)} shown` : '';
	return `${what}${how}${part}${found ? wishWords(found.understood, now) : ''}.`;
}

export interface Piece {
	text: string;
	hit: boolean;
}
/** A word of the text is meant when it is one of them but for its ending. */
function alike(word: string, asked: string): boolean {
	if (word === asked) return true;
	const [short, long] = word.length < asked.length ? [word, asked] : [asked, word];
	return short.length > 3 && long.startsWith(short) && long.length - short.length < 4;
}
/** The text in pieces: which of them are the words that were searched for. */
export function pieces(text: string, matched: readonly string[] = []): Piece[] {
	if (!matched.length) return [{ text, hit: false }];
	const asked = matched.map((word) => word.toLowerCase());
	const result: Piece[] = [];
	for (const part of text.split(/([\p{L}\p{N}]+)/u)) {
		if (!part) continue;
		const hit = asked.some((word) => alike(part.toLowerCase(), word));
		const last = result.at(-1);
		if (last && last.hit === hit) last.text += part;
		else result.push({ text: part, hit });
	}
	return result;
}

/** A place to cut near `at`, so that no letter is cut through. */
function cutAt(text: string, at: number): number {
	const code = text.charCodeAt(at);
	return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}
/** The beginning of a text, where all of it is not needed. */
export const beginning = (text: string, most: number): string => text.slice(0, cutAt(text, most));
/** A long text around the first word that was searched for; without one, its beginning. */
export function excerpt(text: string, matched: readonly string[] = [], most = 600): string {
	if (text.length <= most) return text;
	const all = pieces(text, matched);
	const first = all.findIndex(({ hit }) => hit);
	const hit = all.slice(0, Math.max(0, first)).reduce((sum, piece) => sum + piece.text.length, 0);
	const seen = first < 0 || hit + (all[first]?.text.length ?? 0) <= most;
	// A third of it stands before what was found.
	const wanted = seen ? 0 : Math.max(0, Math.min(hit - Math.floor(most / 3), text.length - most));
	// From the beginning of a word, where one is near.
	const space = wanted > 0 ? text.slice(wanted, wanted + 40).search(/\s\S/) : -1;
	const from = wanted > 0 ? cutAt(text, space < 0 ? wanted : wanted + space + 1) : 0;
	const to = cutAt(text, Math.min(from + most, text.length));
	return `${from > 0 ? '…' : ''}${text.slice(from, to)}${to < text.length ? '…' : ''}`;
}

/** "red, green" is two tags; the same twice is one. */
export const tagsOf = (text: string): string[] => [
	...new Set(
		text
			.split(',')
			.map((tag) => tag.trim())
			.filter(Boolean)
	)
];
/** In bytes, as the server takes it: a fact is to fit into prompts. */
const LONGEST = 16_384;
const LONGEST_FACT = 1_000;
/** What is wrong with a text before it is sent. */
export function textProblem(text: string, kind?: MemoryKind): Record<string, string> {
	if (!text.trim()) return { text: 'Write what Nova should remember.' };
	const most = kind === 'fact' ? LONGEST_FACT : LONGEST;
	const long = new TextEncoder().encode(text).length > most;
	return long
		? {
				text: `This is longer than ${count(most)} bytes${kind === 'fact' ? ', the most a fact may have' : ''}. Shorten it, or make two of it.`
			}
		: {};
}
export const tagsProblem = (tags: readonly string[]): Record<string, string> =>
	tags.length > 16 || tags.some((tag) => [...tag].length > 40)
		? { tags: 'At most 16 tags, each of 40 letters at the most.' }
		: {};

/** Who looks for something should know what goes: "3 memories go, and 2 that were made from them." */
export function goingWords({ forgotten, derived, bytes, about = false }: Going): string {
	if (!forgotten) return 'There is nothing to forget here.';
	const what = plural(forgotten, 'memory', 'memories');
	const more = derived
		? `, and ${about ? 'up to ' : ''}${derived === 1 ? 'one fact or summary' : `${count(derived)} facts and summaries`} made from ${forgotten === 1 ? 'it' : 'them'}`
		: '';
	return `${what}${more}: ${about && derived ? 'at most ' : ''}${memorySize(bytes)} in all.`;
}
export const goneWords = ({ forgotten, derived }: Going): string =>
	`Forgotten: ${plural(forgotten, 'memory', 'memories')}${derived ? `, and ${count(derived)} made from ${forgotten === 1 ? 'it' : 'them'}` : ''}.`;

export function importWords({ imported, skipped, failed_total }: MemoryImport): string {
	const rest = [
		skipped ? `${count(skipped)} were here already` : '',
		failed_total ? `${count(failed_total)} could not be read` : ''
	].filter(Boolean);
	return `${plural(imported, 'memory was', 'memories were')} brought in${rest.length ? `; ${rest.join(', ')}` : ''}.`;
}

/** How often an answer used it. */
export const usedWords = (times: number): string =>
	times === 0
		? 'No answer has used it yet'
		: times === 1
			? 'One answer used it'
			: `${count(times)} answers used it`;

/** Importance as a word: nobody thinks in hundredths. */
export const importanceWords = (importance: number): string =>
	importance >= 0.75 ? 'matters much' : importance >= 0.45 ? 'matters' : 'matters little';
