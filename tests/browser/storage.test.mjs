// What an administrator sees of the server's data, and what everybody else does not.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DESKTOP, EMAIL, Nova, PASSWORD, PHONE, ask, sound } from './support.mjs'

const MEMBER = 'bea@example.org'
const WORDS = 'The disk of this server is full, so nothing new can be stored. Please try again later.'

let nova

before(async () => {
	nova = await Nova.start({ settings: { NOVACORE_AUTH__REGISTRATION: 'open' } })
	await nova.setUp(await nova.window())
})
after(() => nova.stop())

async function openServer(page) {
	await page.getByRole('button', { name: `Account menu of ${EMAIL}` }).click()
	await page.getByRole('menuitem', { name: 'Administration' }).click()
	await page.waitForURL(/\/admin$/)
	await page.getByRole('heading', { level: 1, name: 'Server' }).waitFor()
	await page.getByRole('heading', { name: 'Backups' }).waitFor()
}

/** What the server says of its data from now on, with these parts otherwise; null for its own words. */
async function pretend(page, change) {
	await page.unroute('**/api/admin/storage')
	if (!change) return
	await page.route('**/api/admin/storage', async (route) => {
		const response = await route.fetch()
		await route.fulfill({ response, json: { ...(await response.json()), ...change } })
	})
}

test('an administrator sees how the data is kept, and makes a backup', async () => {
	const page = await nova.window()
	await nova.signIn(page)
	await openServer(page)
	for (const name of ['Writing', 'Backups', 'Check', 'Data on disk', 'Original or copy'])
		await page.getByRole('region', { name }).waitFor()
	const backups = page.getByRole('region', { name: 'Backups' })
	await backups.getByText('No backup yet').waitFor()
	await sound(page, 'the server')

	await backups.getByRole('button', { name: 'Back up now' }).press('Enter')
	await backups.getByText(/The backup is made and was read back: [\d.]+\s.?B/).waitFor()
	await page.locator('[role=status][aria-live=polite]').filter({ hasText: 'The backup is made' }).waitFor({ state: 'attached' })
	await backups.getByRole('button', { name: 'Back up now' }).waitFor()
	await backups.getByText('novacore-', { exact: false }).first().waitFor()
	await sound(page, 'after a backup')
	await page.reload()
	await backups.getByText('read back and compared').waitFor()
})

test('the page of the server is sound in both themes and at phone width', async () => {
	for (const view of [{ ...DESKTOP, dark: true }, PHONE, { ...PHONE, dark: true }]) {
		const page = await nova.window(view)
		await nova.signIn(page)
		if (view.isMobile) await page.getByRole('button', { name: 'Open the menu' }).click()
		await openServer(page)
		await sound(page, `the server, ${view.width} px, ${view.dark ? 'dark' : 'light'}`)
		await pretend(page, {
			held: true,
			writing: { state: 'read_only', since: new Date(Date.now() - 9e5).toISOString(), reason: 'the disk is full' },
			last_check: { at: new Date().toISOString(), ok: false, findings: 2, reason: 'table 3: a row is torn' },
			file_system: 'network (NFS)'
		})
		await page.reload()
		await page.getByText('need looking after').waitFor()
		await sound(page, `a server in trouble, ${view.width} px, ${view.dark ? 'dark' : 'light'}`)
		await page.goto(`${nova.url}/memory`)
		await page.getByRole('link', { name: 'Look at the server' }).waitFor()
		await sound(page, `in trouble, another page, ${view.width} px, ${view.dark ? 'dark' : 'light'}`)
	}
})

test('when nothing can be saved it is said at once, the words stay, and it ends by itself', async () => {
	const page = await nova.window()
	await nova.signIn(page)
	const refusal = { error: WORDS, code: 'storage_read_only', correlation_id: 'c' }
	await page.route('**/api/chat/stream', (route) => route.fulfill({ status: 503, json: refusal }))
	await pretend(page, { writing: { state: 'read_only', since: new Date().toISOString(), reason: 'the disk is full' } })
	await ask(page, 'Remember the train at nine')
	await page.getByText(WORDS).waitFor()
	await page.getByRole('alert').getByText('Nothing new can be saved: the disk is full. Reading goes on.').waitFor()
	assert.equal(await page.getByLabel('Message to Nova').inputValue(), 'Remember the train at nine')
	await sound(page, 'a message that could not be saved')

	await pretend(page, null)
	await page.unroute('**/api/chat/stream')
	await page.getByRole('button', { name: 'Try again' }).click()
	await page.getByText('You said: Remember the train at nine').waitFor()
	await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
	await page.getByText('Nothing new can be saved').waitFor({ state: 'detached' })
})

test('a copy is made the real one only after a warning', async () => {
	const page = await nova.window()
	await nova.signIn(page)
	await pretend(page, { held: true })
	await page.goto(`${nova.url}/memory`)
	await page.getByText('This server runs on a copy of its data.').waitFor()
	await page.getByRole('button', { name: 'Make it the real one' }).press('Enter')
	const dialog = page.getByRole('alertdialog')
	await dialog.getByText('Never run two').waitFor()
	await sound(page, 'the question before')
	await page.keyboard.press('Escape')
	await dialog.waitFor({ state: 'detached' })

	await page.getByRole('button', { name: 'Make it the real one' }).press('Enter')
	// The dialog takes the focus when it has opened; a key pressed before would meet another button.
	await page.waitForFunction(() => document.activeElement?.closest('[role=alertdialog]'))
	await pretend(page, null)
	await dialog.getByRole('button', { name: 'Make it the real one' }).press('Enter')
	await page.getByText('This server runs on a copy').waitFor({ state: 'detached' })
	await dialog.waitFor({ state: 'detached' })
	assert.equal(await page.evaluate(() => document.activeElement?.id), 'main')
	await sound(page, 'afterwards')
})

test('nobody else is told, asks, or finds the page', async () => {
	const page = await nova.window()
	const asked = []
	page.on('request', (request) => request.url().includes('/api/admin/') && asked.push(request.url()))
	await page.goto(`${nova.url}/register`)
	await page.getByLabel('Email').fill(MEMBER)
	await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
	await page.locator('button[type=submit]').click()
	await page.getByLabel('Message to Nova').waitFor()
	await page.getByRole('button', { name: `Account menu of ${MEMBER}` }).click()
	await page.getByRole('menuitem', { name: 'Account' }).waitFor()
	assert.equal(await page.getByRole('menuitem', { name: 'Administration' }).count(), 0)
	await page.goto(`${nova.url}/admin`)
	await page.getByRole('heading', { name: 'There is no page here' }).waitFor()
	assert.match(await page.title(), /^Page not found/)
	await sound(page, 'no page for a member')
	assert.deepEqual(asked, [])
})
