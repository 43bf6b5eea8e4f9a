// What was typed and not yet sent, kept for this tab only, so that a reload or an expired sign-in loses no words.
const PREFIX = 'draft:';

const keyOf = (user: string, conversation: string | null) => `${PREFIX}${user}:${conversation ?? 'new'}`;

export function readDraft(user: string, conversation: string | null): string {
	try {
		return sessionStorage.getItem(keyOf(user, conversation)) ?? '';
	} catch {
		return '';
	}
}

export function keepDraft(user: string, conversation: string | null, text: string): void {
	try {
		if (text) sessionStorage.setItem(keyOf(user, conversation), text);
		else sessionStorage.removeItem(keyOf(user, conversation));
	} catch {
		// Storage is blocked or full: the draft lives as long as the page does.
	}
}

export function dropDrafts(): void {
	try {
		for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
	} catch {
		// Nothing was kept.
	}
}
