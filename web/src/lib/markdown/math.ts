// Formulas as Markdown tokens: $$...$$, \[...\], \(...\) and $...$ (by pandoc's rule, so that prices stay prices).
import type { MarkedExtension, TokenizerExtension, RendererExtension, Tokens } from 'marked';
import { escapeHtml } from './escape';

const BLOCK = /^(?:\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\])[ \t]*(?:\n+|$)/;
const OPEN_BLOCK = /^(?:\$\$|\\\[)(?![\s\S]*(?:\$\$|\\\]))[\s\S]*$/;
const INLINE = [
	/^\\\(([\s\S]+?)\\\)/,
	/^\$\$([^$]+?)\$\$/,
	/^\$(?!\s)((?:\\.|[^$\\\n])+?)(?<!\s)\$(?!\d)/
] as const;
const PRICE = /^\d[\d.,]*\s[^\\^_=+]*$/;

const show = (token: Tokens.Generic) =>
	`<code class="math${token['display'] ? ' display' : ''}">${escapeHtml(token['tex'] as string)}</code>`;

/** `streaming` keeps a formula that is not closed yet in one piece, instead of showing its halves as text. */
export function math(streaming: boolean): MarkedExtension {
	const block: TokenizerExtension & RendererExtension = {
		name: 'mathBlock',
		level: 'block',
		start: (src) => src.match(/^(?:\$\$|\\\[)/m)?.index,
		tokenizer(src) {
			const closed = BLOCK.exec(src);
			if (closed) {
				const tex = (closed[1] ?? closed[2] ?? '').trim();
				return { type: 'mathBlock', raw: closed[0], tex, display: true };
			}
			const open = streaming ? OPEN_BLOCK.exec(src) : null;
			if (!open) return undefined;
			return { type: 'mathBlock', raw: open[0], tex: open[0].slice(2).trim(), display: true, open: true };
		},
		renderer: (token) => `<p>${show(token)}</p>`
	};
	const inline: TokenizerExtension & RendererExtension = {
		name: 'mathInline',
		level: 'inline',
		start: (src) => src.match(/\$|\\\(/)?.index,
		tokenizer(src) {
			for (const rule of INLINE) {
				const match = rule.exec(src);
				if (!match || (rule === INLINE[2] && PRICE.test(match[1] as string))) continue;
				return {
					type: 'mathInline',
					raw: match[0],
					tex: (match[1] as string).trim(),
					display: rule === INLINE[1]
				};
			}
			return undefined;
		},
		renderer: show
	};
	return { extensions: [block, inline] };
}
