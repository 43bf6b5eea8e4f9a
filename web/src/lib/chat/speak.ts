// An answer as it is read aloud: the words without their marks, and not without end. Pure.
const LONGEST = 1200;

export function spoken(markdown: string): string {
	const text = markdown
		.replace(
			/```(\w*)[^\n]*\n[\s\S]*?(?:```|$)/g,
			(_, language: string) => ` (${language || ''} code block) `
		)
		.replace(/!\[([^\]]*)\]\([^)]*\)/g, 'Image: $1')
		.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
		.replace(/^\s*\|?[\s:|-]+\|[\s:|-]*$/gm, '')
		.replace(/^\s{0,3}(?:#{1,6}|>|[-*+])\s+/gm, '')
		.replace(/[*_`|]+/g, ' ')
		.replace(/\s+/g, ' ')
		.trim();
	if (text.length <= LONGEST) return text;
	return `${text.slice(0, LONGEST).replace(/\S*$/, '')}… The rest is on the page.`;
}
