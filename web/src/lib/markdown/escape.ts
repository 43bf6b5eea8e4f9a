const ENTITIES: Record<string, string> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	"'": '&#39;'
};

export const escapeHtml = (text: string): string =>
	text.replace(/[&<>"']/g, (char) => ENTITIES[char] as string);

const SIMPLE_TAG = /^<\/?(?:br|sub|sup|kbd|mark|u|s|del|ins|b|i|em|strong|small|details|summary)\s*\/?>$/i;

/** Raw HTML in an answer: a few tags without attributes pass, all else is shown as the text it is. */
export const plainTagsOnly = (html: string): string =>
	html.replace(/<[^<>]*>|[^<]+|</g, (part) => (SIMPLE_TAG.test(part) ? part : escapeHtml(part)));
