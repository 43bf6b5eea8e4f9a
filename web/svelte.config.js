import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import adapter from '@sveltejs/adapter-static';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

// The version is a hash of the sources, so that the same sources give the same build
// and a page left open notices that the server now carries another one.
const sources = createHash('sha256');
for (const dir of ['src', 'static'])
	for (const file of readdirSync(dir, { recursive: true, withFileTypes: true })
		.filter((f) => f.isFile())
		.map((f) => join(f.parentPath, f.name))
		.sort())
		sources.update(file).update(readFileSync(file));

/** @type {import('@sveltejs/kit').Config} */
export default {
	preprocess: vitePreprocess(),
	compilerOptions: { runes: true },
	kit: {
		adapter: adapter({ pages: 'build', fallback: 'index.html', precompress: true }),
		version: { name: sources.digest('hex').slice(0, 12) }
	}
};
