import { describe, expect, it } from 'vitest';
import { deviceName } from '../src/lib/auth/device';
import { spoken } from '../src/lib/chat/speak';
import { newestLeaf, pathTo, placeOf, versions } from '../src/lib/chat/tree';
import { byDay, inWords, ordinal, plural, seconds } from '../src/lib/ui/time';

const node = (id: string, parentId: string | null, role = 'user') => ({ id, parentId, role });
// a question, two answers to it, a question after each, and the second of those in other words
const tree = [
	node('q1', null),
	node('a1', 'q1', 'assistant'),
	node('q2', 'a1'),
	node('a2', 'q1', 'assistant'),
	node('q3', 'a2'),
	node('q3b', 'a2')
];

describe('the tree of a conversation', () => {
	it('shows the newest branch unless another is asked for', () => {
		expect(pathTo(tree, null).map((n) => n.id)).toEqual(['q1', 'a2', 'q3b']);
		expect(pathTo(tree, 'q2').map((n) => n.id)).toEqual(['q1', 'a1', 'q2']);
		expect(pathTo(tree, 'gone').at(-1)?.id).toBe('q3b');
	});
	const at = (index: number) =>
		versions(tree)
			.get(placeOf(tree[index] as never))
			?.map((n) => n.id);
	it('knows the versions of a question and of an answer', () => {
		expect(at(3)).toEqual(['a1', 'a2']);
		expect(at(4)).toEqual(['q3', 'q3b']);
		expect(at(0)).toEqual(['q1']);
	});
	it('follows a version to its end', () => {
		expect(newestLeaf(tree, 'a1')).toBe('q2');
		expect(newestLeaf(tree, 'a2')).toBe('q3b');
	});
	it('begins where the loaded part begins, and does not hang on a loop', () => {
		expect(pathTo(tree.slice(3), null).map((n) => n.id)).toEqual(['a2', 'q3b']);
		expect(pathTo([node('x', 'y'), node('y', 'x')], null)).toHaveLength(2);
	});
});

describe('an answer read aloud', () => {
	it('has the words and not the marks', () => {
		expect(spoken('## Title\n\nSome **bold** [link](https://x) and `code`.\n\n- a\n- b')).toBe(
			'Title Some bold link and code . a b'
		);
	});
	it('names code instead of reading it, and says where the rest is', () => {
		expect(spoken('Look:\n```rust\nfn main() {}\n```\nDone.')).toBe('Look: (rust code block) Done.');
		expect(spoken('word '.repeat(1000))).toMatch(/… The rest is on the page\.$/);
	});
});

describe('times and numbers in words', () => {
	const now = Date.parse('2026-06-17T12:00:00');
	const at = (iso: string) => new Date(iso).toISOString();
	it('are short', () => {
		expect(inWords(at('2026-06-17T11:59:40'), now)).toBe('just now');
		expect(inWords(at('2026-06-17T11:57:00'), now)).toBe('3 minutes ago');
		expect(inWords(at('2026-06-17T17:00:00'), now)).toBe('in 5 hours');
		expect(inWords(at('2026-06-16T11:00:00'), now)).toBe('yesterday');
		expect(ordinal(1) + ordinal(2) + ordinal(3) + ordinal(11)).toBe('1st2nd3rd11th');
		expect(plural(1, 'thing')).toBe('1 thing');
		expect(plural(1200, 'token')).toBe('1,200 tokens');
		expect(seconds(420)).toBe('420 ms');
		expect(seconds(2140)).toBe('2.1 s');
	});
	it('group by day', () => {
		const days = [
			'2026-06-17T08:00',
			'2026-06-16T23:00',
			'2026-06-13T10:00',
			'2026-06-02T10:00',
			'2025-06-02T10:00'
		];
		const groups = byDay(
			days.map((day) => ({ updated_at: at(`${day}:00`) })),
			new Date(now)
		);
		expect(groups.map((group) => group.label)).toEqual([
			'Today',
			'Yesterday',
			'This week',
			'June',
			'June 2025'
		]);
	});
});

it('a sign-in is named as a person would name the device', () => {
	const agent = (rest: string) => `Mozilla/5.0 ${rest}`;
	expect(deviceName(agent('(X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'))).toBe(
		'Firefox on Linux'
	);
	expect(
		deviceName(agent('(Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0'))
	).toBe('Edge on Windows');
	expect(
		deviceName(agent('(iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Safari/604.1'))
	).toBe('Safari on iPhone');
	expect(
		deviceName(agent('(Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/141.0 Mobile Safari/537.36'))
	).toBe('Chrome on Android');
	expect(deviceName('curl/8.9.1')).toBe('curl');
	expect(deviceName('')).toBe('Unknown device');
});
