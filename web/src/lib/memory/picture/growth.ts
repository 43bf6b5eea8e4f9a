// How memory grew, week by week: what is drawn, and the same in words. Pure; `now` is passed in where it matters.
import type { MemoryStats } from '../../api/types';
import type { Column } from '../../ui/NumbersTable.svelte';
import type { Legend } from '../../ui/Plot.svelte';
import { count, plural, utcDay } from '../../ui/time';

export type Week = MemoryStats['growth'][number];
export type Shown = 'growth' | 'changes';

export interface Layer extends Legend {
	drawn: 'area' | 'bars';
	of: (week: Week) => number;
}

/** What is drawn, the one behind first. What was forgotten goes down from the line. */
export const LAYERS: Record<Shown, readonly Layer[]> = {
	growth: [
		{ name: 'All', colour: 'navy', drawn: 'area', of: ({ total }) => total },
		{ name: 'Of these for good', colour: 'gold', drawn: 'area', of: ({ ltm }) => ltm }
	],
	changes: [
		{ name: 'Chosen to stay for good', colour: 'gold', drawn: 'bars', of: ({ promoted }) => promoted },
		{ name: 'Forgotten, downwards', colour: 'field', drawn: 'bars', of: ({ forgotten }) => -forgotten }
	]
};

export const COLUMNS: readonly Column<Week>[] = [
	{ name: 'In all', of: ({ total }) => count(total) },
	{ name: 'For good', of: ({ ltm }) => count(ltm) },
	{ name: 'New', of: ({ added }) => count(added) },
	{ name: 'Chosen', of: ({ promoted }) => count(promoted) },
	{ name: 'Forgotten', of: ({ forgotten }) => count(forgotten) }
];

/** Whether anything is drawn of it as a change. */
export const changed = ({ promoted, forgotten }: Week): boolean => promoted > 0 || forgotten > 0;

/** "Week of 3 March: 1,204 in all, 360 of them for good" */
export function weekNumbers(week: Week, shown: Shown, now = new Date()): string {
	const when = `Week of ${utcDay(week.date, now)}`;
	return shown === 'growth'
		? `${when}: ${count(week.total)} in all, ${count(week.ltm)} of them for good`
		: `${when}: ${count(week.promoted)} chosen to stay, ${count(week.forgotten)} forgotten, ${count(week.added)} new`;
}

const sum = (weeks: readonly Week[], of: (week: Week) => number): number =>
	weeks.reduce((all, week) => all + of(week), 0);

/** What the drawing tells to those who do not see it. */
export function plotSummary(weeks: readonly Week[], shown: Shown, now = new Date()): string {
	const [first, last] = [weeks.at(0), weeks.at(-1)];
	if (!first || !last) return 'Nothing to show.';
	const span = `From the week of ${utcDay(first.date, now)} to that of ${utcDay(last.date, now)}`;
	const says =
		shown === 'growth'
			? `from ${count(first.total)} to ${plural(last.total, 'memory', 'memories')}, ${count(last.ltm)} of them for good`
			: `${count(sum(weeks, ({ promoted }) => promoted))} chosen to stay for good, ${count(sum(weeks, ({ forgotten }) => forgotten))} forgotten`;
	return `${span}: ${says}. The table below has the same numbers.`;
}

/** "In the last 4 weeks 120 were new, 31 were chosen to stay for good, and 4 were forgotten." */
export function lately(weeks: readonly Week[]): string {
	const last = weeks.slice(-4);
	const were = (number: number) => `${count(number)} ${number === 1 ? 'was' : 'were'}`;
	const span = last.length === 1 ? 'This week' : `In the last ${last.length} weeks`;
	return `${span} ${were(sum(last, ({ added }) => added))} new, ${were(sum(last, ({ promoted }) => promoted))} chosen to stay for good, and ${were(sum(last, ({ forgotten }) => forgotten))} forgotten.`;
}
