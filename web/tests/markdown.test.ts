// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { BlockSplitter } from '../src/lib/markdown/blocks';
import { renderBlock } from '../src/lib/markdown/render';

function html(markdown: string): string {
	const frame = document.createElement('div');
	for (const block of new BlockSplitter().update(markdown, true)) frame.append(renderBlock(block));
	return frame.innerHTML;
}

describe('an answer cannot run anything or fetch anything', () => {
	const attacks = [
		'<script>alert(1)</script>',
		'text <script>alert(1)</script> text',
		'<img src=x onerror=alert(1)>',
		'<svg onload=alert(1)><animate onbegin=alert(1)>',
		'<iframe src="https://example.org"></iframe>',
		'<style>@import "https://example.org/x.css"</style>',
		'<link rel=stylesheet href=https://example.org/x.css>',
		'<form action=https://example.org><input name=password><button>Sign in</button></form>',
		'<a href="javascript:alert(1)" onclick="alert(1)">x</a>',
		'<details ontoggle=alert(1) open><summary>x</summary></details>',
		'<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>',
		'[x](javascript:alert(1))',
		'[x](JaVaScRiPt:alert(1))',
		'[x](&#106;avascript:alert(1))',
		'[x](data:text/html;base64,PHNjcmlwdD4=)',
		'[x](vbscript:msgbox(1))',
		'![x](https://example.org/pixel.gif)',
		'![x](javascript:alert(1))',
		'<b style="background:url(https://example.org/x)">x</b>',
		'```"><img src=x onerror=alert(1)>\ncode\n```',
		'| a |\n|---|\n| <img src=x onerror=alert(1)> |',
		'$\\href{javascript:alert(1)}{x}$',
		'[x](https://example.org "\" onmouseover=\"alert(1)")'
	];
	it.each(attacks)('%s', (attack) => {
		const frame = document.createElement('div');
		frame.innerHTML = html(attack);
		const dangerous =
			'script, img, svg, iframe, style, link, form, input, object, embed, video, audio, base, meta';
		expect(frame.querySelector(dangerous)).toBeNull();
		for (const node of frame.querySelectorAll('*'))
			for (const { name, value } of node.attributes) {
				expect(name).not.toMatch(/^(on|style$|src|formaction|ping)/);
				if (name === 'href') expect(value).toMatch(/^(https?:\/\/|mailto:)/);
			}
	});
});

describe('what an answer may have', () => {
	it('opens links elsewhere and says nothing of where one came from', () => {
		expect(html('[a](https://example.org)')).toContain(
			'<a href="https://example.org" target="_blank" rel="noopener noreferrer nofollow">a</a>'
		);
	});
	it('shows an image as a link', () => {
		expect(html('![A garden](https://example.org/a.jpg)')).toContain('>Image: A garden</a>');
	});
	it('shows other HTML as the text it is', () => {
		expect(html('Use `<div>` or <div> here')).toContain('or &lt;div&gt; here');
		expect(html('<video src=x></video>')).toContain('&lt;video src=x&gt;');
	});
	it('keeps simple tags', () => {
		expect(html('H<sub>2</sub>O<br>x')).toContain('H<sub>2</sub>O<br>x');
	});
	it('frames code with its language, a copy button and a place in the tab order', () => {
		const code = html('```rust\nfn main() {}\n```');
		expect(code).toContain('<span class="code-language">rust</span>');
		expect(code).toContain('data-copy');
		expect(code).toContain('tabindex="0"');
	});
	it('lets tables scroll in a frame', () => {
		expect(html('| a |\n|---|\n| b |')).toMatch(/<div class="scroll"[^>]*><table>/);
	});
	it('never skips a heading level', () => {
		expect(html('### a\n\n# b\n\n#### c')).toMatch(/<h3>a<\/h3>.*<h3>b<\/h3>.*<h4>c<\/h4>/s);
	});
});

describe('formulas', () => {
	const math = (markdown: string) =>
		[...html(markdown).matchAll(/<code class="math[^"]*">([^<]*)/g)].map((m) => m[1]);
	it('are found in all four notations', () => {
		expect(math('a $x^2$ b \\(y\\) c')).toEqual(['x^2', 'y']);
		expect(math('$$\nE = mc^2\n$$')).toEqual(['E = mc^2']);
		expect(math('text\n\\[\na\n\nb\n\\]\ntext')).toEqual(['a\n\nb']);
	});
	it('are not made of prices', () => {
		expect(math('It costs $5, or $10 a year.')).toEqual([]);
		expect(math('from $5 to $10 and $5-$10')).toEqual([]);
		expect(math('it costs $5 or 6$')).toEqual([]);
	});
	it('are not looked for in code', () => {
		expect(math('`$x$` and\n\n```\n$y$\n```')).toEqual([]);
	});
});

describe('splitting while an answer grows', () => {
	const text = [
		'# Title',
		'A paragraph with **bold** text\nand a second line.',
		'- one\n- two\n\n  still two\n- three',
		'1. a\n   ```js\n   let x = 1;\n\n   let y = 2;\n   ```\n2. b',
		'| a | b |\n|---|--:|\n| 1 | 2 |\n| 3 | 4 |',
		'> quoted\n> more',
		'```python\nprint("a")\n\n\nprint("b")\n```',
		'$$\nx\n\ny\n$$',
		'Setext\n======',
		'Tab\tand a [link][1] here.',
		'<details><summary>s</summary>x</details>',
		'The end.'
	].join('\n\n');

	it('ends with exactly what parsing the whole gives', () => {
		const splitter = new BlockSplitter();
		for (let end = 1; end < text.length; end++) splitter.update(text.slice(0, end), false);
		const grown = splitter.update(text, true).map((block) => block.token.raw.trim());
		const whole = new BlockSplitter().update(text, true).map((block) => block.token.raw.trim());
		expect(grown).toEqual(whole);
	});

	it('keeps settled blocks as they are', () => {
		const splitter = new BlockSplitter();
		const early = splitter.update(text.slice(0, text.indexOf('Setext')), false);
		const late = splitter.update(text, false);
		const settled = early.slice(0, -4);
		expect(settled.length).toBeGreaterThan(2);
		settled.forEach((block, index) => expect(late[index]).toBe(block));
	});

	it('stays fast when the answer is long', () => {
		const long = Array.from({ length: 2000 }, (_, n) => `Paragraph ${n} with some words in it.`).join('\n\n');
		const splitter = new BlockSplitter();
		const started = performance.now();
		for (let end = 0; end < long.length; end += 24) splitter.update(long.slice(0, end), false);
		expect(performance.now() - started).toBeLessThan(4000);
	});

	it('starts over when the text was replaced', () => {
		const splitter = new BlockSplitter();
		splitter.update('a\n\nb\n\nc\n\nd\n\ne', false);
		expect(splitter.update('x', true).map((block) => block.token.raw)).toEqual(['x']);
	});

	it('resolves a link whose address comes last', () => {
		const splitter = new BlockSplitter();
		const source = 'See [this][1].\n\nb\n\nc\n\nd\n\n[1]: https://example.org';
		for (let end = 1; end < source.length; end++) splitter.update(source.slice(0, end), false);
		const [first] = splitter.update(source, true);
		const frame = document.createElement('div');
		frame.append(renderBlock(first as never));
		expect(frame.innerHTML).toContain('href="https://example.org"');
	});
});
