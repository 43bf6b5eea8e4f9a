// A refusal that concerns more than whoever asked: told to all who listen. It holds no state.
export const STORAGE_READ_ONLY = 'storage_read_only';

const refusals = new EventTarget();

/** Something could not be saved, because the server's disk takes nothing new. */
export const tellReadOnly = (): boolean => refusals.dispatchEvent(new Event(STORAGE_READ_ONLY));

export function onReadOnly(act: () => void): () => void {
	refusals.addEventListener(STORAGE_READ_ONLY, act);
	return () => refusals.removeEventListener(STORAGE_READ_ONLY, act);
}
