// A textarea as tall as its text, up to the max-height its style gives it.
import type { Attachment } from 'svelte/attachments';

/** `text` is read so that the height follows every change, typed or not. */
export const growing =
	(text: () => string): Attachment<HTMLTextAreaElement> =>
	(area) => {
		text();
		area.style.height = 'auto';
		const borders = area.offsetHeight - area.clientHeight;
		area.style.height = `${area.scrollHeight + borders}px`;
	};
