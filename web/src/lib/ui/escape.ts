// Escape in a part of the page ends what was begun in it, and nothing around it.
import type { Attachment } from 'svelte/attachments';

/** `end` says whether there was something to end. */
export const onEscape =
	(end: () => boolean): Attachment<HTMLElement> =>
	(part) => {
		const onkeydown = (event: KeyboardEvent) => {
			if (event.key === 'Escape' && !event.defaultPrevented && end()) event.stopPropagation();
		};
		part.addEventListener('keydown', onkeydown);
		return () => part.removeEventListener('keydown', onkeydown);
	};
