// What is nearly used up, or is: the sentences above the composer. Pure.
import type { Quota } from '../api/types';
import { percents } from '../ui/time';
import { againWords, percent, type Limited, type Sizes } from './words';

export type Level = 0 | 80 | 100;

/** The level of what was really used: what an answer sets aside may come back. */
export function levelOf(sizes: Sizes): Level {
	const part = percent(sizes) ?? 0;
	return part >= 100 ? 100 : part >= 80 ? 80 : 0;
}

export interface Warning {
	resource: Limited;
	level: 80 | 100;
	says: string;
	/** When it starts again; nothing for what does not. */
	resetsAt: string | null;
}

/** `memory` is the level told of it; `turn` whether it was told of the turn that runs or just ended. */
export function warningsOf(
	quota: Quota | null,
	memory: Level,
	turn: boolean,
	over: boolean
): readonly Warning[] {
	if (!quota?.metered) return [];
	const all: Warning[] = [];
	for (const resource of ['tokens', 'messages'] as const) {
		const level = over ? 0 : levelOf(quota[resource]);
		const says =
			level === 100
				? `You have used all of today’s ${resource}.`
				: `You have used ${percents(percent(quota[resource]) ?? 0)} of today’s ${resource}.`;
		if (level) all.push({ resource, level, says, resetsAt: quota.resets_at });
	}
	if (memory) {
		const says =
			memory === 80
				? `Your memory is ${percents(percent(quota.storage) ?? 80)} full.`
				: `Your memory is full, so ${turn ? 'this turn is' : 'new turns are'} not remembered.`;
		all.push({ resource: 'memory', level: memory, says, resetsAt: null });
	}
	return all;
}

/** A warning as it is read aloud. */
export function spokenWarning({ says, resource, level, resetsAt }: Warning, upgrade: boolean): string {
	if (resetsAt) return `${says} ${againWords(resetsAt)}`;
	if (resource !== 'memory' || level < 100) return says;
	return `${says} Forget something${upgrade ? ', or see plans' : ' to make room'}.`;
}
