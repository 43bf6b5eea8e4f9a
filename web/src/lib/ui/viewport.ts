// iOS lays its keyboard over the page instead of shrinking it: the visible height is measured and given to the frame,
// so that the composer stays above the keyboard.
export function followVisibleHeight(): (() => void) | undefined {
	const view = window.visualViewport;
	if (!view) return undefined;
	const measure = () => {
		const covered = window.innerHeight - view.height > 80 && view.scale === 1;
		if (covered) document.documentElement.style.setProperty('--visible', `${view.height}px`);
		else document.documentElement.style.removeProperty('--visible');
		if (covered) window.scrollTo(0, 0);
	};
	view.addEventListener('resize', measure);
	return () => view.removeEventListener('resize', measure);
}
