// A block of Markdown as DOM nodes that are safe to insert: parsed, sanitised, then given what the page adds
// (copy buttons, scroll frames, link manners). Nothing here sets a style or a handler in markup.
import DOMPurify from 'dompurify';
import type { Token } from 'marked';
import type { Block } from './blocks';
import { finished } from './marked';

const ALLOWED = {
	ALLOWED_TAGS:
		'a b blockquote br code del details em h1 h2 h3 h4 h5 h6 hr i ins kbd li mark ol p pre s small strong sub summary sup table tbody td th thead tr u ul'.split(
			' '
		),
	ALLOWED_ATTR: ['href', 'title', 'class', 'start', 'align'],
	ALLOW_DATA_ATTR: false,
	ALLOW_ARIA_ATTR: false,
	RETURN_DOM_FRAGMENT: true as const
};

export function renderBlock(block: Block): DocumentFragment {
	const html = finished.parser([block.token as Token]);
	const fragment = DOMPurify.sanitize(html, ALLOWED);
	if (block.level) relevel(fragment, block.level);
	fragment.querySelectorAll('a').forEach(mindLink);
	fragment.querySelectorAll('table').forEach(frameTable);
	fragment.querySelectorAll('pre').forEach(frameCode);
	return fragment;
}

function relevel(fragment: DocumentFragment, level: number): void {
	const heading = fragment.firstElementChild;
	if (!heading || heading.localName === `h${level}`) return;
	const placed = document.createElement(`h${level}`);
	placed.append(...heading.childNodes);
	heading.replaceWith(placed);
}

function mindLink(link: HTMLAnchorElement): void {
	const href = link.getAttribute('href') ?? '';
	if (!/^(?:https?:\/\/|mailto:)/i.test(href)) {
		link.replaceWith(...link.childNodes);
		return;
	}
	link.target = '_blank';
	link.rel = 'noopener noreferrer nofollow';
}

function frameTable(table: HTMLTableElement): void {
	const frame = element('div', 'scroll');
	frame.tabIndex = 0;
	frame.setAttribute('role', 'region');
	frame.setAttribute('aria-label', 'Table');
	table.replaceWith(frame);
	frame.append(table);
}

function frameCode(pre: HTMLPreElement): void {
	const language = /\blanguage-([\w+#.-]+)/.exec(pre.firstElementChild?.className ?? '')?.[1] ?? '';
	const frame = element('div', 'code-block');
	const head = element('div', 'code-head');
	const label = element('span', 'code-language');
	label.textContent = language || 'text';
	const copy = element('button', 'code-copy') as HTMLButtonElement;
	copy.type = 'button';
	copy.dataset['copy'] = '';
	copy.textContent = 'Copy';
	head.append(label, copy);
	pre.tabIndex = 0;
	pre.setAttribute('role', 'region');
	pre.setAttribute('aria-label', language ? `Code, ${language}` : 'Code');
	pre.dataset['language'] = language.toLowerCase();
	pre.replaceWith(frame);
	frame.append(head, pre);
}

function element(name: string, className: string): HTMLElement {
	const made = document.createElement(name);
	made.className = className;
	return made;
}
