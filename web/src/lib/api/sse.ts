// Server-sent events out of a byte stream, as the HTML standard reads them. Pure: no network, no timers.

export interface ServerEvent {
	id: string | null;
	event: string;
	data: string;
}

/** Feed it decoded text in pieces of any size; it gives back the events that are complete. */
export class EventParser {
	#rest = '';
	#first = true;
	#event = '';
	#data: string[] = [];
	#id: string | null = null;
	#skipLineFeed = false;

	push(text: string): ServerEvent[] {
		if (this.#first && text.length) {
			this.#first = false;
			if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
		}
		if (this.#skipLineFeed && text.length) {
			this.#skipLineFeed = false;
			if (text[0] === '\n') text = text.slice(1);
		}
		const events: ServerEvent[] = [];
		const buffer = this.#rest + text;
		let start = 0;
		for (let i = this.#rest.length; i < buffer.length; i++) {
			const char = buffer[i];
			if (char !== '\n' && char !== '\r') continue;
			this.#line(buffer.slice(start, i), events);
			if (char === '\r') {
				if (i + 1 === buffer.length) this.#skipLineFeed = true;
				else if (buffer[i + 1] === '\n') i++;
			}
			start = i + 1;
		}
		this.#rest = buffer.slice(start);
		return events;
	}

	#line(line: string, events: ServerEvent[]): void {
		if (line === '') {
			if (this.#data.length)
				events.push({ id: this.#id, event: this.#event || 'message', data: this.#data.join('\n') });
			this.#event = '';
			this.#data = [];
			return;
		}
		const colon = line.indexOf(':');
		if (colon === 0) return;
		const field = colon < 0 ? line : line.slice(0, colon);
		let value = colon < 0 ? '' : line.slice(colon + 1);
		if (value[0] === ' ') value = value.slice(1);
		if (field === 'data') this.#data.push(value);
		else if (field === 'event') this.#event = value;
		else if (field === 'id' && !value.includes('\0')) this.#id = value;
	}
}

/** The events of a response body; `alive` is called for every piece that arrives, heartbeats included. */
export async function* readEvents(
	body: ReadableStream<Uint8Array>,
	alive: () => void
): AsyncGenerator<ServerEvent> {
	const reader = body.getReader();
	const decoder = new TextDecoder();
	const parser = new EventParser();
	try {
		for (;;) {
			const { done, value } = await reader.read();
			if (done) return;
			alive();
			yield* parser.push(decoder.decode(value, { stream: true }));
		}
	} finally {
		reader.cancel().catch(() => {});
	}
}
