// NovaCore as it is started by a person: the built binary on an empty data directory, a scripted model
// server, and a real browser.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { machine, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import assert from 'node:assert/strict'
import { AxeBuilder } from '@axe-core/playwright'
import { chromium } from 'playwright-core'
import { Model } from './model.mjs'

export const EMAIL = 'ada@example.org'
export const PASSWORD = 'a calm river bank'
export const DESKTOP = { width: 1280, height: 800 }
export const PHONE = { width: 390, height: 844, isMobile: true }

const HERE = new URL('../..', import.meta.url).pathname
const BINARY = resolve(HERE, process.env.CARGO_TARGET_DIR ?? 'target', 'debug/novacore')

const FAKETIME = `/usr/lib/${machine()}-linux-gnu/faketime/libfaketime.so.1`
/** What tokens, codes and passwords look like. */
const SECRET = /eyJ|nova_|[A-Za-z0-9_-]{32,}|calm river/

/** What may stand after ? in an address the page asks for: nothing secret. The link of a mail and the way back from
 * paying are its only others. */
const ASKED = [
	...['after', 'before', 'days', 'event', 'filter', 'limit', 'next', 'q', 'reference', 'state', 'user'],
	...['current', 'from', 'id', 'kind', 'pinned', 'session', 'tag', 'tier', 'to']
]

export class Nova {
	/**
	 * With a model server of its own unless `model` is false: then nobody listens at its address.
	 * `host`: under which name of this machine people open it; passkeys want a name.
	 * `elsewhere`: other hosts that a person is led to.
	 */
	static async start({ model = true, settings = {}, host = '127.0.0.1', elsewhere = [] } = {}) {
		const nova = new Nova()
		nova.elsewhere = elsewhere
		nova.host = host
		nova.settings = settings
		nova.folder = await mkdtemp(join(tmpdir(), 'novacore-'))
		nova.model = await new Model().start()
		nova.modelPort = new URL(nova.model.url).port
		if (!model) await nova.model.stop()
		await nova.#run()
		nova.browser = await chromium.launch({
			executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
			args: ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage']
		})
		return nova
	}

	async #run(environment = {}) {
		this.program = spawn(BINARY, ['serve', '--listen', '127.0.0.1:0', '--data-dir', join(this.folder, 'data')], {
			cwd: this.folder,
			stdio: ['ignore', 'ignore', 'pipe'],
			env: {
				...process.env,
				NOVACORE_MODEL__URL: `http://127.0.0.1:${this.modelPort}`,
				NOVACORE_MODEL__PROVIDER: 'ollama',
				NOVACORE_CHAT__MODEL_TITLES: 'false',
				NOVACORE_LOG__FORMAT: 'json',
				...this.settings,
				...environment
			}
		})
		await this.#ready()
	}

	/** Stops the server and starts it on the same data, at another port, its clock this many hours ahead. */
	async later(hours) {
		this.program.kill('SIGTERM')
		await once(this.program, 'exit')
		await this.#run({ LD_PRELOAD: FAKETIME, FAKETIME: `+${hours}h`, FAKETIME_DONT_FAKE_MONOTONIC: '1' })
	}

	/** Reads the log up to the line that says where it listens; the file with the set-up link is named before it. */
	async #ready() {
		let link
		for await (const line of createInterface({ input: this.program.stderr })) {
			const said = JSON.parse(line)
			if (said.message?.startsWith('no administrator yet')) link = new URL((await readFile(said.file, 'utf8')).trim())
			if (said.message === 'NovaCore is ready') {
				this.url = `http://${this.host}:${said.address.split(':').pop()}`
				if (link) this.setupLink = `${this.url}/setup${link.hash}`
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
		return this.tab(context)
	}

	/** Another tab of the same browser window. */
	async tab(context) {
		const page = await context.newPage()
		page.setDefaultTimeout(20_000)
		page.trouble = []
		page.on('console', (said) => {
			// A refused request is the server's answer, shown to the person; the browser notes it too.
			if (said.type() === 'error' && !said.text().startsWith('Failed to load resource')) page.trouble.push(said.text())
		})
		page.on('pageerror', (error) => page.trouble.push(error.message))
		page.on('request', (request) => {
			const { protocol, host, pathname, searchParams } = new URL(request.url())
			if (!/^https?:/.test(protocol)) return
			if (this.elsewhere.includes(host) && request.isNavigationRequest()) return
			if (this.elsewhere.includes(new URL(page.url() || 'about:blank').host)) return
			if (host !== new URL(this.url).host) page.trouble.push(`outside request: ${request.url()}`)
			const navigates = request.isNavigationRequest()
			const link = (key) =>
				(pathname === '/verify-email' && key === 'token') || (pathname === '/billing/success' && key === 'session_id')
			const conversation = (key) => pathname === '/api/memory' && key === 'session_id'
			for (const key of searchParams.keys())
				if (!ASKED.includes(key) && !(navigates && link(key)) && !conversation(key))
					page.trouble.push(`in an address: ${request.url()}`)
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

/** `sound` on a desktop and as wide as a phone; afterwards the window is as it was. */
export async function seen(page, where) {
	const { width, height } = page.viewportSize()
	await sound(page, where)
	await page.setViewportSize({ width: PHONE.width, height: PHONE.height })
	await sound(page, `${where}, as wide as a phone`)
	await page.setViewportSize({ width, height })
}

/** The newest answer. */
export const answer = (page) => page.getByRole('article', { name: 'Nova' }).last()

/** No violation of WCAG 2.1 A and AA or of axe's best practices, no trouble, no sideways scrolling, no secret kept. */
export async function sound(page, where) {
	const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']
	const { violations } = await new AxeBuilder({ page }).withTags(tags).analyze()
	const found = violations.map((v) => `${v.id}: ${v.help} at ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`)
	assert.deepEqual(found, [], `${where}: accessibility`)
	assert.deepEqual(page.trouble, [], `${where}: errors in the console, or requests to other hosts`)
	const kept = await page.evaluate(() => [...Object.values(localStorage), ...Object.values(sessionStorage)])
	assert.deepEqual(kept.filter((value) => SECRET.test(value)), [], `${where}: secrets in the browser's storage`)
	const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
	assert.ok(sideways <= 0, `${where}: scrolls sideways by ${sideways} px`)
}
