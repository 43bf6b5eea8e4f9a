// Running a server for people: finding them, keeping them out, handing on a mail, answering them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { BEA, account, administration, enter, isSignedOut, register, signIn } from './people.mjs'
import { EMAIL, Nova, PASSWORD, PHONE, seen, sound } from './support.mjs'

const CARL = 'carl@example.org'
let nova, admin

// A server without mail: what would be sent waits with the administrator.
before(async () => {
	nova = await Nova.start({ host: 'localhost' })
	admin = await nova.window()
	await nova.setUp(admin)
})
after(() => nova.stop())

/** One person's page, found by some letters of their address. */
async function person(letters, email) {
	await administration(admin, 'People')
	await admin.getByRole('searchbox', { name: 'Search by address' }).fill(letters)
	await admin.getByText('1 person found').waitFor()
	await admin.getByRole('link', { name: email }).click()
	await admin.getByRole('heading', { level: 1, name: email }).waitFor()
}

test('a person is found, disabled and signed out at once, and enabled again', async () => {
	const page = await nova.window()
	await register(nova, page, CARL)
	await administration(admin, 'People')
	await admin.getByText('2 people').waitFor()
	await seen(admin, 'people')
	await person('carl@', CARL)
	await seen(admin, 'a person')
	await admin.getByRole('button', { name: 'Disable' }).click()
	const question = admin.getByRole('alertdialog', { name: 'Disable this account?' })
	await question.waitFor()
	await sound(admin, 'the question before')
	await question.getByRole('button', { name: 'Disable' }).click()
	await admin.locator('#main').getByText('Disabled. They are signed out everywhere.').waitFor()
	await admin.getByText('They are signed in nowhere.').waitFor()
	await isSignedOut(page)
	await signIn(nova, page, CARL)
	await page.getByRole('alert').waitFor()
	await seen(page, 'a disabled account')
	await admin.getByRole('button', { name: 'Enable' }).click()
	await admin.locator('#main').getByText('Enabled. They can sign in again.').waitFor()
	await enter(page, PASSWORD, CARL)
	await page.getByLabel('Message to Nova').waitFor()
})

test('a mail that was kept is shown, its link works, and the person can see that somebody looked', async () => {
	const page = await nova.window({ ...PHONE, dark: true })
	await register(nova, page)
	const banner = page.getByRole('complementary', { name: 'Your address is not verified' })
	await banner.getByText('The administrator has yours').waitFor()
	await sound(page, 'not verified, on a server without mail')

	await administration(admin, 'Mail')
	await admin.getByText('No mail server is configured', { exact: true }).waitFor()
	await seen(admin, 'mail')
	const mail = admin.getByRole('list', { name: 'Mails' }).getByRole('listitem').filter({ hasText: `to ${BEA}` })
	await mail.getByRole('button', { name: 'Show' }).click()
	const dialog = admin.getByRole('dialog')
	await dialog.getByText('That you looked is recorded').waitFor()
	await dialog.getByRole('button', { name: 'Show the mail' }).click()
	await dialog.getByText('Link in the mail').waitFor()
	await seen(admin, 'a mail shown')
	const link = await dialog.locator('pre').last().innerText()
	await dialog.getByRole('button', { name: 'Close' }).click()

	await page.goto(link)
	await page.getByRole('heading', { name: 'Your address is verified' }).waitFor()
	await page.goto(`${nova.url}/account/activity`)
	const seenBy = page.getByRole('listitem').filter({ hasText: 'An administrator opened a mail' })
	await seenBy.getByText('by the administrator').waitFor()
	await sound(page, 'the activity of an account')

	await administration(admin, 'Activity')
	await admin.getByLabel('What', { exact: true }).selectOption('mail_shown')
	await admin.waitForURL(/event=mail_shown/)
	const entries = admin.getByRole('list', { name: 'What happened' }).getByRole('listitem')
	await entries.filter({ hasNotText: 'An administrator opened a mail' }).first().waitFor({ state: 'detached' })
	await entries.getByRole('link', { name: BEA }).waitFor()
	await seen(admin, 'the activity of everybody')
})

test('feedback is sent, answered, and the answer is read', async () => {
	const page = await nova.window()
	await signIn(nova, page)
	await page.getByLabel('Message to Nova').waitFor()
	await account(page, 'Feedback')
	await page.getByLabel(/^What works/).fill('The memory drawer is lovely.\nMore of it.')
	await page.getByLabel('4, good').check()
	await page.getByRole('button', { name: 'Send it' }).click()
	await page.getByText('no answer yet').waitFor()
	await seen(page, 'feedback sent')

	await administration(admin, 'Feedback')
	await admin.getByText('4 of 5, good').waitFor()
	await admin.getByRole('button', { name: `Answer ${BEA}` }).click()
	await admin.getByLabel('Your answer').fill('It grows next month.')
	await seen(admin, 'answering')
	await admin.getByRole('button', { name: 'Send the answer' }).click()
	await admin.getByText('Answered').first().waitFor()
	const saved = admin.waitForEvent('download')
	await admin.getByRole('button', { name: /file|CSV/i }).click()
	assert.match((await saved).suggestedFilename(), /^novacore-feedback-.*\.csv$/)

	await page.reload()
	await page.getByText('It grows next month.').waitFor()
	await seen(page, 'feedback answered')
})

test('an API token opens what it may, and nothing once it is removed', async () => {
	const page = await nova.window()
	await signIn(nova, page)
	await page.getByLabel('Message to Nova').waitFor()
	await account(page, 'Tokens')
	await page.getByRole('button', { name: 'Make a token' }).click()
	await page.getByLabel('Name').fill('reading list')
	await page.getByLabel('Read your conversations').check()
	await seen(page, 'making a token')
	await page.getByLabel('Your password').fill(PASSWORD)
	await page.getByRole('button', { name: 'Make the token' }).click()
	const shown = page.getByRole('group', { name: 'The token “reading list” is made' })
	const token = await shown.locator('pre').innerText()
	await seen(page, 'a token, shown once')
	const ask = (path) => fetch(nova.url + path, { headers: { Authorization: `Bearer ${token}` } })
	assert.deepEqual((await (await ask('/api/chat/sessions')).json()).items, [])
	assert.equal((await ask('/api/memory')).status, 403)
	assert.equal((await ask('/api/auth/tokens')).status, 403)
	await page.reload()
	await page.getByText('last used').waitFor()
	assert.equal(await page.getByText(token).count(), 0)
	await page.getByRole('button', { name: 'Remove the token reading list' }).click()
	await page.getByRole('button', { name: 'Remove', exact: true }).click()
	await page.getByText('None yet.').waitFor()
	assert.equal((await ask('/api/chat/sessions')).status, 401)
})

test('every page of the administration is sound', async () => {
	for (const view of [{}, { ...PHONE, dark: true }]) {
		const page = await nova.window(view.width ? view : undefined)
		await nova.signIn(page)
		for (const path of ['', '/people', '/invitations', '/mail', '/activity', '/programs', '/feedback', '/jobs']) {
			await page.goto(`${nova.url}/admin${path}`)
			await page.getByRole('heading', { level: 1 }).waitFor()
			await page.waitForLoadState('networkidle')
			await sound(page, `/admin${path}`)
		}
	}
})

test('somebody deletes their account, and is gone', async () => {
	const page = await nova.window()
	await signIn(nova, page)
	await page.getByLabel('Message to Nova').waitFor()
	const other = await nova.window()
	await signIn(nova, other)
	await other.getByLabel('Message to Nova').waitFor()
	await page.goto(`${nova.url}/account`)
	await page.getByRole('link', { name: 'Delete your account' }).click()
	await page.getByLabel(`Type ${BEA} to be sure`).fill('nobody@example.org')
	await page.getByLabel('Your password').fill(PASSWORD)
	await page.getByRole('button', { name: 'Delete my account' }).click()
	await page.getByText('Type the address of this account exactly.').waitFor()
	await seen(page, 'deleting the account')
	await page.getByLabel(`Type ${BEA} to be sure`).fill(BEA)
	await page.getByRole('button', { name: 'Delete my account' }).click()
	await page.getByRole('heading', { name: 'Your account is deleted' }).waitFor()
	await seen(page, 'goodbye')
	await isSignedOut(other)
	await signIn(nova, page)
	await page.getByRole('alert').waitFor()

	// The erasure leaves nothing in the list; what comes after it names nobody.
	await administration(admin, 'Jobs')
	const done = admin.getByRole('listitem').filter({ hasText: 'Clear the disk of what was erased' }).getByText('Done')
	for (let n = 0; n < 100 && !(await done.count()); n++) {
		await admin.getByRole('button', { name: 'Look again' }).click()
		await admin.waitForTimeout(200)
	}
	assert.equal(await done.count(), 1, await admin.getByRole('list', { name: 'Jobs' }).innerText())
	await seen(admin, 'jobs')
	await administration(admin, 'People')
	await admin.getByText('2 people').waitFor()
	await admin.getByRole('link', { name: EMAIL }).waitFor()
	assert.equal(await admin.getByRole('link', { name: BEA }).count(), 0)
})
