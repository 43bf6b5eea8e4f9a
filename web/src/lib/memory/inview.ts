// What an answer was given from memory: what was recalled for it, and what is always in view. Pure.
import type { RecalledMemory } from '../api/types';

/** Why something is always in view, by the only part its score has. */
const ALWAYS: Record<string, string> = {
	profile: 'It stands in your profile, and Nova has that in view at every answer, as far as there is room.',
	advice: 'It is among Nova’s newest advice to itself, which it has in view at every answer.'
};

/** Of what was forgotten since, no part is left; what was recalled keeps its score. */
export const isAlways = ({ parts, score, forgotten }: RecalledMemory): boolean =>
	parts.length ? parts.every(({ name }) => name in ALWAYS) : forgotten && score === 0;

export interface InView {
	recalled: RecalledMemory[];
	always: RecalledMemory[];
}
export const inView = (memories: readonly RecalledMemory[]): InView => ({
	recalled: memories.filter((memory) => !isAlways(memory)),
	always: memories.filter(isAlways)
});

/** Why it was in view, in sentences. */
export function reasonsOf({ reasons, parts }: RecalledMemory): readonly string[] {
	const always = parts.map(({ name }) => ALWAYS[name]).filter((reason) => reason !== undefined);
	return [...reasons, ...always];
}
