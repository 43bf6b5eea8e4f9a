// NovaCore as it is started by a person: the built binary on an empty data directory, a scripted model
// server, and a real browser.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import assert from 'node:assert/strict'
import { AxeBuilder } from '@axe-core/playwright'
import { chromium } from 'playwright-core'
import { Model } from './model.mjs'

export const EMAIL = 'ada@example.org'
export const PASSWORD = 'a calm river bank'
export const DESKTOP = { width: 1280, height: 800 }
export const PHONE = { width: 390, height: 844, isMobile: true }

const BINARY = new URL('../../target/debug/novacore', import.meta.url).pathname

export class Nova {
	/** With a model server of its own unless `model` is false: then nobody listens at its address. */
	static async start({ model = true, settings = {} } = {}) {
		const nova = new Nova()
		nova.folder = await mkdtemp(join(tmpdir(), 'novacore-'))
		nova.model = await new Model().start()
		nova.modelPort = new URL(nova.model.url).port
		if (!model) await nova.model.stop()
		nova.program = spawn(BINARY, ['serve', '--listen', '127.0.0.1:0', '--data-dir', join(nova.folder, 'data')], {
			cwd: nova.folder,
			stdio: ['ignore', 'ignore', 'pipe'],
			env: {
				...process.env,
				NOVACORE_MODEL__URL: `http://127.0.0.1:${nova.modelPort}`,
				NOVACORE_MODEL__PROVIDER: 'ollama',
				NOVACORE_CHAT__MODEL_TITLES: 'false',
				NOVACORE_LOG__FORMAT: 'json',
				...settings
			}
		})
		await nova.#ready()
		nova.browser = await chromium.launch({
			executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
			args: ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage']
		})
		return nova
	}

	/** Reads the log up to the line that says where it listens; the file with the set-up link is named before it. */
	async #ready() {
		let link
		for await (const line of createInterface({ input: this.program.stderr })) {
			const said = JSON.parse(line)
			if (said.message?.startsWith('no administrator yet')) link = new URL((await readFile(said.file, 'utf8')).trim())
			if (said.message === 'NovaCore is ready') {
				this.url = `http://${said.address}`
				this.setupLink = `${this.url}/setup${link.hash}`
				this.program.stderr.resume()
				return
			}
		}
		throw new Error('NovaCore ended before it was ready')
	}

	/** The model server comes back at its old address. */
	async startModel() {
		this.model = await new Model().start(this.modelPort)
	}

	/** A browser window of its own, watched for what no page of ours may do. */
	async window({ isMobile = false, dark = false, ...viewport } = DESKTOP) {
		const context = await this.browser.newContext({
			viewport,
			isMobile,
			hasTouch: isMobile,
			reducedMotion: 'reduce',
			colorScheme: dark ? 'dark' : 'light'
		})
		const page = await context.newPage()
		page.setDefaultTimeout(20_000)
		page.trouble = []
		page.on('console', (said) => {
			// A refused request is the server's answer, shown to the person; the browser notes it too.
			if (said.type() === 'error' && !said.text().startsWith('Failed to load resource')) page.trouble.push(said.text())
		})
		page.on('pageerror', (error) => page.trouble.push(error.message))
		page.on('request', (request) => {
			const host = new URL(request.url()).host
			if (/^https?:/.test(request.url()) && host !== new URL(this.url).host) page.trouble.push(`outside request: ${request.url()}`)
		})
		return page
	}

	/** Makes the first account by the set-up link. */
	async setUp(page) {
		await page.goto(this.setupLink)
		await page.getByLabel('Email').fill(EMAIL)
		await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
		await page.locator('button[type=submit]').click()
		await page.getByLabel('Message to Nova').waitFor()
	}

	async signIn(page) {
		await page.goto(`${this.url}/login`)
		await page.getByLabel('Email').fill(EMAIL)
		await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
		await page.locator('button[type=submit]').click()
		await page.getByLabel('Message to Nova').waitFor()
	}

	async stop() {
		await this.browser.close()
		this.program.kill('SIGKILL')
		this.model.open()
		await this.model.stop().catch(() => {})
		await rm(this.folder, { recursive: true, force: true })
	}
}

export async function ask(page, message) {
	const composer = page.getByLabel('Message to Nova')
	await composer.fill(message)
	await composer.press('Enter')
}

/** The newest answer. */
export const answer = (page) => page.getByRole('article', { name: 'Nova' }).last()

/** No violation of WCAG 2.1 A and AA or of axe's best practices, no trouble, no sideways scrolling. */
export async function sound(page, where) {
	const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']
	const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze()
	const found = violations.map((v) => `${v.id}: ${v.help} at ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`)
	assert.deepEqual(found, [], `${where}: accessibility`)
	assert.deepEqual(page.trouble, [], `${where}: errors in the console, or requests to other hosts`)
	const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
	assert.ok(sideways <= 0, `${where}: scrolls sideways by ${sideways} px`)
}
