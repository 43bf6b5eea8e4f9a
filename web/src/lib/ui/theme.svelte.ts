// Light, dark or as the system has it. static/theme.js applies the choice before the first paint.
export type Theme = 'system' | 'light' | 'dark';

const KEY = 'novacore-theme';

function stored(): Theme {
	try {
		const value = localStorage.getItem(KEY);
		return value === 'light' || value === 'dark' ? value : 'system';
	} catch {
		return 'system';
	}
}

class ThemeChoice {
	#value = $state<Theme>(stored());

	get value(): Theme {
		return this.#value;
	}

	set value(theme: Theme) {
		this.#value = theme;
		if (theme === 'system') delete document.documentElement.dataset['theme'];
		else document.documentElement.dataset['theme'] = theme;
		try {
			if (theme === 'system') localStorage.removeItem(KEY);
			else localStorage.setItem(KEY, theme);
		} catch {
			// Storage is blocked: the choice lasts as long as the page.
		}
	}
}

export const theme = new ThemeChoice();
