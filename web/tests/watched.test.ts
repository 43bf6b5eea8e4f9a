// @vitest-environment jsdom
// What is looked at while one is on the page, and again while something is done there.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Watched } from '../src/lib/ui/watched.svelte';

class Counted extends Watched<number> {
	asked = 0;
	seen: (number | null)[] = [];
	step = 1_000;
	answer: () => Promise<number> = async () => this.asked;
	protected ask(): Promise<number> {
		this.asked++;
		return this.answer();
	}
	protected pause(): number {
		return this.step;
	}
	protected override changed(before: number | null): void {
		this.seen.push(before);
	}
	told = (value: number): void => this.put(value);
}
const show = (hidden: boolean) => {
	vi.spyOn(document, 'hidden', 'get').mockReturnValue(hidden);
	document.dispatchEvent(new Event('visibilitychange'));
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
	vi.useRealTimers();
	vi.restoreAllMocks();
});

describe('what is watched', () => {
	// Promise: what is asked again by itself does not make the page flicker; asking at a press shows.
	it('is asked again quietly', async () => {
		const watched = new Counted();
		const leave = watched.watch();
		expect(watched.loading).toBe(true);
		await vi.advanceTimersByTimeAsync(0);
		expect(watched.loading).toBe(false);
		watched.answer = () => new Promise(() => {});
		await vi.advanceTimersByTimeAsync(1_000);
		expect([watched.asked, watched.loading]).toEqual([2, false]);
		void watched.load();
		expect(watched.loading).toBe(true);
		leave();
	});

	// Promise: nothing is asked while nobody looks, at once when somebody does again, and never after one left.
	it('is not asked behind one’s back', async () => {
		const watched = new Counted();
		const leave = watched.watch();
		await vi.advanceTimersByTimeAsync(0);
		show(true);
		await vi.advanceTimersByTimeAsync(60_000);
		expect(watched.asked).toBe(1);
		show(false);
		await vi.advanceTimersByTimeAsync(0);
		expect(watched.asked).toBe(2);
		leave();
		show(false);
		await vi.advanceTimersByTimeAsync(60_000);
		expect(watched.asked).toBe(2);
	});

	// Promise: an older answer that arrives late does not replace a newer one, and where asking fails, what was known
	// stays.
	it('keeps the newest answer', async () => {
		const watched = new Counted();
		watched.step = 0;
		const leave = watched.watch();
		await vi.advanceTimersByTimeAsync(0);
		let arrive: (value: number) => void = () => {};
		watched.answer = () => new Promise((resolve) => (arrive = resolve));
		const late = watched.load();
		watched.told(7);
		arrive(3);
		await late;
		expect([watched.value, watched.loading]).toEqual([7, false]);
		watched.answer = () => Promise.reject(new TypeError('away'));
		await watched.load();
		expect(watched.value).toBe(7);
		expect(watched.problem?.code).toBe('unreachable');
		expect(watched.seen).toEqual([null, 1]);
		leave();
	});
});
