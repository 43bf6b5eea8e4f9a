// The Markdown dialect of answers: GitHub's, with formulas, without raw HTML, without remote images.
import { Marked, type MarkedExtension } from 'marked';
import { escapeHtml, plainTagsOnly } from './escape';
import { math } from './math';

const dialect: MarkedExtension = {
	gfm: true,
	breaks: true,
	renderer: {
		html: ({ text }) => plainTagsOnly(text),
		listitem(item) {
			const task = item.task ? ' class="task"' : '';
			return `<li${task}>${this.parser.parse(item.tokens)}</li>\n`;
		},
		checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
		heading({ tokens, depth }) {
			const level = Math.min(depth + 2, 6);
			return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>\n`;
		},
		// An image is never fetched: it would tell its host who reads this conversation, and when.
		image: ({ href, text }) => `<a href="${escapeHtml(href)}">${escapeHtml(`Image: ${text || href}`)}</a>`
	}
};

export const whileStreaming = new Marked(dialect, math(true));
export const finished = new Marked(dialect, math(false));
