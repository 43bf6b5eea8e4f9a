import { describe, expect, it } from 'vitest';
import { EventParser, readEvents, type ServerEvent } from '../src/lib/api/sse';

const parse = (...pieces: string[]): ServerEvent[] => {
	const parser = new EventParser();
	return pieces.flatMap((piece) => parser.push(piece));
};

const stream =
	'id: 1\nevent: start\ndata: {"turn_id":"t"}\n\n: heartbeat\n\nid: 2\nevent: delta\ndata: {"content":"Grüße 🌱"}\n\n';
const events = [
	{ id: '1', event: 'start', data: '{"turn_id":"t"}' },
	{ id: '2', event: 'delta', data: '{"content":"Grüße 🌱"}' }
];

describe('the event parser', () => {
	it('gives the same events however the text is cut', () => {
		expect(parse(stream)).toEqual(events);
		expect(parse(...stream)).toEqual(events);
		for (let cut = 0; cut <= stream.length; cut++)
			expect(parse(stream.slice(0, cut), stream.slice(cut))).toEqual(events);
	});

	it('reads all three line endings, also when a CRLF is cut in two', () => {
		expect(parse(stream.replaceAll('\n', '\r\n'))).toEqual(events);
		expect(parse(...stream.replaceAll('\n', '\r\n'))).toEqual(events);
		expect(parse(stream.replaceAll('\n', '\r'))).toEqual(events);
	});

	it('joins data lines, takes one space after the colon, keeps the last id, drops events without data', () => {
		expect(parse('id: 7\ndata: a\ndata:  b\ndata\n\n')).toEqual([
			{ id: '7', event: 'message', data: 'a\n b\n' }
		]);
		expect(parse('event: x\n\ndata: y\n\n')).toEqual([{ id: null, event: 'message', data: 'y' }]);
		expect(parse('id: 3\ndata: a\n\ndata: b\n\n').map((event) => event.id)).toEqual(['3', '3']);
	});

	it('holds back an event that is not closed by an empty line', () => {
		expect(parse('data: half\n')).toEqual([]);
	});

	it('skips a byte order mark', () => {
		expect(parse('\ufeffdata: a\n\n')).toEqual([{ id: null, event: 'message', data: 'a' }]);
	});
});

describe('reading a body', () => {
	it('survives a character cut between two chunks and reports every sign of life', async () => {
		const bytes = new TextEncoder().encode(stream);
		let alive = 0;
		const body = new ReadableStream<Uint8Array>({
			start(controller) {
				for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
				controller.close();
			}
		});
		const seen = [];
		for await (const event of readEvents(body, () => alive++)) seen.push(event);
		expect(seen).toEqual(events);
		expect(alive).toBe(bytes.length);
	});
});
