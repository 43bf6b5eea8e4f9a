// Splits a growing answer into blocks. Blocks that can no longer change are kept, not parsed again. Pure.
import type { Token, Tokens } from 'marked';
import { finished, whileStreaming } from './marked';

export interface Block {
	key: number;
	token: Token;
	/** Heading level on the page, so that levels never skip; 0 for other blocks. */
	level: number;
	/** False while more text may still change this block. */
	done: boolean;
}

/** Blocks at the end that further text could still join or change. */
const UNSETTLED = 2;

export class BlockSplitter {
	#settled: Block[] = [];
	#prefix = '';
	#level = 2;

	/** All blocks of `text`; objects of settled blocks are the same as last time. */
	update(text: string, final: boolean): Block[] {
		const source = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
		if (!source.startsWith(this.#prefix)) this.#restart();
		const parser = final ? finished : whileStreaming;
		let tokens: Token[] = parser.lexer(source.slice(this.#prefix.length));
		if (final && this.#prefix && tokens.some((token) => token.type === 'def')) {
			// A link definition at the end names links further up.
			this.#restart();
			tokens = parser.lexer(source);
		}
		const shown = tokens.filter((token) => token.type !== 'space' && token.type !== 'def').length;
		const open: Block[] = [];
		let position = 0;
		for (const token of tokens) {
			const settles = !open.length && !final && position < shown - UNSETTLED;
			if (settles) this.#prefix += token.raw;
			if (token.type === 'space' || token.type === 'def') continue;
			position++;
			const key = this.#settled.length + open.length;
			const level = token.type === 'heading' ? this.#place(token as Tokens.Heading, open) : 0;
			const block = { key, token, level, done: settles || final || position < shown };
			if (settles) this.#settled.push(block);
			else open.push(block);
			if (settles && level) this.#level = level;
		}
		return [...this.#settled, ...open];
	}

	#place(heading: Tokens.Heading, open: Block[]): number {
		const above = open.findLast((block) => block.level)?.level ?? this.#level;
		return Math.min(heading.depth + 2, above + 1, 6);
	}

	#restart(): void {
		this.#settled = [];
		this.#prefix = '';
		this.#level = 2;
	}
}
