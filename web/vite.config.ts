import { sveltekit } from '@sveltejs/kit/vite';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// `npm run dev` talks to whatever answers on port 5000: the real server or `npm run dev:mock`.
const server = process.env.NOVACORE ?? 'http://127.0.0.1:5000';

/** SvelteKit's route announcer carries an inline style, which the server's policy forbids: base.css hides it instead. */
const announcerWithoutStyle: Plugin = {
	name: 'announcer-without-style',
	enforce: 'pre',
	transform(code, id) {
		if (!id.endsWith('generated/root.svelte')) return null;
		const plain = code.replace(/(id="svelte-announcer"[^>]*?) style="[^"]*"/, '$1');
		if (plain === code) throw new Error('The route announcer of SvelteKit changed: see vite.config.ts');
		return { code: plain, map: null };
	}
};

export default defineConfig({
	plugins: [announcerWithoutStyle, sveltekit()],
	// Tests draw components as a browser does.
	...(process.env.VITEST ? { resolve: { conditions: ['browser'] } } : {}),
	build: {
		target: ['chrome123', 'edge123', 'firefox121', 'safari17.5'],
		rolldownOptions: {
			output: {
				codeSplitting: {
					groups: [
						{
							name: 'base',
							test: /node_modules\/(svelte|@sveltejs|clsx|devalue|esm-env)\/|src\/lib\/(api|auth\/session|ui\/(?!Menu|Sheet|Frame|Page|ThemeSwitch|Plot|NumbersTable|chart))/
						},
						{ name: 'parts', test: /bits-ui|svelte-toolbelt|runed|floating-ui|tabbable/ }
					]
				}
			}
		},
		cssTarget: ['chrome123', 'edge123', 'firefox121', 'safari17.5']
	},
	server: { proxy: { '/api': server } },
	test: { include: ['tests/**/*.test.ts'] }
});
