// Where the reader is. The page never scrolls by itself while an answer grows, unless the reader asked to follow it.
import type { Attachment } from 'svelte/attachments';

/** Closer to the end than this counts as being there. */
const NEAR = 48;
const GAP = 16;

export class Reading {
	/** True when there is text below what is on screen. */
	behind = $state(false);

	#view: HTMLElement | null = null;
	#latest: HTMLElement | null = null;
	#following = false;
	#top = 0;

	readonly attach: Attachment<HTMLElement> = (view) => {
		this.#view = view;
		const onScroll = () => {
			if (view.scrollTop < this.#top - 2) this.#following = false;
			this.#top = view.scrollTop;
			this.#look();
		};
		const watch = new ResizeObserver(() => {
			this.#fit();
			if (this.#following) view.scrollTop = view.scrollHeight;
			this.#look();
		});
		view.addEventListener('scroll', onScroll, { passive: true });
		watch.observe(view);
		if (view.firstElementChild) watch.observe(view.firstElementChild);
		return () => {
			view.removeEventListener('scroll', onScroll);
			watch.disconnect();
			this.#view = null;
		};
	};

	/** The last exchange is made as tall as the view, so that its question can stand at the top. */
	readonly latest: Attachment<HTMLElement> = (element) => {
		this.#latest = element;
		this.#fit();
		return () => (this.#latest = null);
	};

	toEnd(): void {
		if (this.#view) this.#view.scrollTop = this.#view.scrollHeight;
		this.#look();
	}

	/** The reader asked for it: to the end, and along with the text until they scroll up. */
	follow(): void {
		this.#following = true;
		this.toEnd();
	}

	toLastQuestion(): void {
		this.#following = false;
		this.#fit();
		if (!this.#view || !this.#latest) return;
		const top = this.#latest.getBoundingClientRect().top - this.#view.getBoundingClientRect().top;
		this.#view.scrollBy({ top: top - GAP });
	}

	/** Runs something that adds text above, and keeps what is being read where it is. */
	async keepingPlace(act: () => Promise<void>): Promise<void> {
		const view = this.#view;
		if (!view) return act();
		const fromEnd = view.scrollHeight - view.scrollTop;
		await act();
		await new Promise(requestAnimationFrame);
		view.scrollTop = view.scrollHeight - fromEnd;
	}

	/** Runs something that changes the width of the text, and keeps `anchor` where it is on screen. */
	async holding(anchor: Element | null, act: () => Promise<void>): Promise<void> {
		const before = anchor?.getBoundingClientRect().top;
		await act();
		if (!this.#view || before === undefined || !anchor?.isConnected || !this.#view.contains(anchor)) return;
		this.#view.scrollTop += anchor.getBoundingClientRect().top - before;
	}

	#fit(): void {
		if (!this.#view || !this.#latest) return;
		const below = parseFloat(getComputedStyle(this.#latest.parentElement as HTMLElement).paddingBottom);
		this.#latest.style.minHeight = `${this.#view.clientHeight - below - GAP}px`;
	}

	#look(): void {
		const view = this.#view;
		const end = this.#latest?.lastElementChild ?? view?.firstElementChild?.lastElementChild;
		if (!view || !end) return;
		this.behind = end.getBoundingClientRect().bottom > view.getBoundingClientRect().bottom + NEAR;
	}
}
