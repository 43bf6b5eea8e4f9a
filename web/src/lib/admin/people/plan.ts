// Plans that are given to somebody: until when, and how it is said. Pure.
import { ApiError } from '../../api/problem';
import type { Person } from '../../api/types';
import { utcDay } from '../../ui/time';
import { sourceWords } from '../usage/words';
import { planWords } from './words';

/** Today where days are counted: UTC. */
export const today = (now = new Date()): string => now.toISOString().slice(0, 10);

/** The end of a day that was chosen. */
export const endOf = (day: string): string => `${day}T23:59:59Z`;

export const PAST = 'This day is over. Choose today or a later day, or leave it empty for no end.';
const NO_DAY = 'This is not a whole date. Fill in day, month and year, or leave all of it empty.';

/** What is wrong with an end that was typed; `whole` is false when the browser could make no date of it. */
export function untilError(day: string, whole: boolean, now = new Date()): string | undefined {
	if (!whole || (day && !/^\d{4}-\d\d-\d\d$/.test(day))) return NO_DAY;
	return day && day < today(now) ? PAST : undefined;
}

/** "Basic, given until 31 December 2026." */
export const planLine = ({ plan, plan_source, plan_until }: Person): string =>
	`${planWords(plan)}${plan_source ? `, ${sourceWords(plan_source, plan_until)}` : ''}.`;

/** What came of giving a plan: the one that counts may still be another. */
export function givenWords(given: string, { plan, plan_source, plan_until }: Person): string {
	if (plan !== given || (plan_source && plan_source !== 'given'))
		return `${planWords(given)} is given to them. What counts now is ${planWords(plan)}${plan_source ? `, ${sourceWords(plan_source)}` : ''}.`;
	return `They have ${planWords(plan)} now${plan_until ? `, until ${utcDay(plan_until)}` : ''}.`;
}

const REFUSED: Record<number, string> = {
	404: 'There is nobody to ask: this server takes no payments, or the account is gone. Nothing was changed.',
	409: 'The payment service does not know them, because they never bought anything here. Nothing was changed.'
};

/** Why the payment service could not be asked for somebody. */
export function resyncProblem(error: ApiError): ApiError {
	const words = REFUSED[error.status];
	return words ? new ApiError(error.status, { error: words, code: error.code }) : error;
}
