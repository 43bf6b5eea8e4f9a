// What people do with their accounts, again and again.
import { Secret, TOTP } from 'otpauth'
import { EMAIL, PASSWORD } from './support.mjs'

export const BEA = 'bea@example.org'

const composer = (page) => page.getByLabel('Message to Nova')

/** The form of a page, filled in and sent. */
export async function enter(page, password, email) {
	if (email) await page.getByLabel('Email').fill(email)
	await page.getByLabel(/^((New|Your) )?password$/i).fill(password)
	await page.locator('button[type=submit]').click()
}

export async function register(nova, page, email = BEA) {
	await page.goto(`${nova.url}/register`)
	await enter(page, PASSWORD, email)
	await composer(page).waitFor()
}

/** Somebody with an account whose address is verified, signed in on this page. */
export async function verified(nova, mailbox, page, email = BEA) {
	await register(nova, page, email)
	await page.goto(await mailbox.link(email))
	await page.getByRole('heading', { name: 'Your address is verified' }).waitFor()
	await page.getByRole('link', { name: 'Go on' }).click()
	await composer(page).waitFor()
}

export async function signIn(nova, page, email = BEA, password = PASSWORD) {
	await page.goto(`${nova.url}/login`)
	await enter(page, password, email)
}

export async function signOut(page, email = BEA) {
	await page.getByRole('button', { name: `Account menu of ${email}` }).click()
	await page.getByRole('menuitem', { name: 'Sign out' }).click()
	await page.waitForURL(/\/login/)
}

/** Whoever was signed in here is not any more, and is told so at the next thing they do. */
export async function isSignedOut(page) {
	await page.getByRole('link', { name: 'Memory' }).click()
	await page.waitForURL(/\/login/)
	await page.getByText('You were signed out.').waitFor()
}

/** A page of the account, opened by its links. */
export async function account(page, name, email = BEA) {
	await page.getByRole('button', { name: `Account menu of ${email}` }).click()
	await page.getByRole('menuitem', { name: 'Account' }).click()
	await page.getByRole('heading', { level: 1, name: 'Account' }).waitFor()
	await page.getByRole('navigation', { name: 'Account' }).getByRole('link', { name }).click()
	await page.waitForURL(/\/account\/\w+/)
}

/** A page of the administration, opened by its links. */
export async function administration(page, name) {
	await page.getByRole('button', { name: `Account menu of ${EMAIL}` }).click()
	await page.getByRole('menuitem', { name: 'Administration' }).click()
	await page.getByRole('navigation', { name: 'Administration' }).getByRole('link', { name }).click()
	await page.getByRole('heading', { level: 1, name }).waitFor()
}

/** An app that shows codes. The server takes each once, and the one before and after the present one too. */
export class Authenticator {
	#last = 0

	constructor(key) {
		this.totp = new TOTP({ secret: Secret.fromBase32(key.replace(/\s/g, '')) })
	}

	/** A code that was not used yet; waits for one only when more were used than there were. */
	async code() {
		const now = () => Math.floor(Date.now() / 30_000)
		const step = Math.max(this.#last + 1, now())
		while (step > now() + 1) await new Promise((go) => setTimeout(go, (step - 1) * 30_000 - Date.now()))
		this.#last = step
		return this.totp.generate({ timestamp: step * 30_000 })
	}
}
