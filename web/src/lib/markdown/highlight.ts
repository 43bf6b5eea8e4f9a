// A lazy chunk: colours for code in the languages people ask about most. Others stay plain.
import hljs from 'highlight.js/lib/core';
import bash from 'highlight.js/lib/languages/bash';
import c from 'highlight.js/lib/languages/c';
import cpp from 'highlight.js/lib/languages/cpp';
import csharp from 'highlight.js/lib/languages/csharp';
import css from 'highlight.js/lib/languages/css';
import diff from 'highlight.js/lib/languages/diff';
import go from 'highlight.js/lib/languages/go';
import ini from 'highlight.js/lib/languages/ini';
import java from 'highlight.js/lib/languages/java';
import javascript from 'highlight.js/lib/languages/javascript';
import json from 'highlight.js/lib/languages/json';
import markdown from 'highlight.js/lib/languages/markdown';
import python from 'highlight.js/lib/languages/python';
import ruby from 'highlight.js/lib/languages/ruby';
import rust from 'highlight.js/lib/languages/rust';
import shell from 'highlight.js/lib/languages/shell';
import sql from 'highlight.js/lib/languages/sql';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import yaml from 'highlight.js/lib/languages/yaml';

const languages = {
	bash, c, cpp, csharp, css, diff, go, ini, java, javascript, json, markdown, python,
	ruby, rust, shell, sql, typescript, xml, yaml
}; // prettier-ignore
for (const [name, language] of Object.entries(languages)) hljs.registerLanguage(name, language);
hljs.registerAliases(['svelte', 'vue'], { languageName: 'xml' });

/** Beyond this length colouring would make the page stutter. */
const LONGEST = 60_000;

export function highlight(pre: HTMLElement): void {
	const code = pre.querySelector('code');
	const language = pre.dataset['language'] ?? '';
	const text = code?.textContent ?? '';
	if (!code || !hljs.getLanguage(language) || text.length > LONGEST) return;
	code.innerHTML = hljs.highlight(text, { language, ignoreIllegals: true }).value;
}
