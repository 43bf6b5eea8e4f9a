// What one may use, what was used, and paying for more.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { Mailbox } from './mailbox.mjs'
import { BEA, administration, verified } from './people.mjs'
import { Nova, PHONE, answer, ask, seen, sound } from './support.mjs'
import { Stripe } from './stripe.mjs'

let nova, mailbox, stripe

/** Each journey has servers of its own. */
const journey = (name, settings, act) =>
	test(name, async () => {
		mailbox = await new Mailbox().start()
		stripe = await new Stripe().start()
		const billing = settings.billing ? stripe.settings : {}
		nova = await Nova.start({
			host: 'localhost',
			settings: { ...mailbox.settings, ...billing, ...settings.limits },
			elsewhere: [new URL(stripe.url).host]
		})
		stripe.tell(nova.url)
		try {
			await nova.setUp(await nova.window())
			await act()
		} finally {
			await nova.stop()
			await stripe.stop()
			await mailbox.stop()
		}
	})

/** A page that the menu of the account leads to. */
async function menu(page, name, email = BEA) {
	await page.getByRole('button', { name: `Account menu of ${email}` }).click()
	await page.getByRole('menuitem', { name, exact: true }).click()
	await page.getByRole('heading', { level: 1, name }).waitFor()
}

const answered = (page, words) => answer(page).getByText(words).waitFor()

const TWO_A_DAY = {
	NOVACORE_PLANS__FREE__MESSAGES_PER_DAY: '2',
	NOVACORE_BILLING__TRIAL_DAYS: '0',
	NOVACORE_PLANS__DEFAULT: 'free'
}

journey(
	'a free day is used up, a plan is paid for, its limits count without signing in again, and it is ended at its end',
	{ billing: true, limits: TWO_A_DAY },
	async () => {
		const page = await nova.window()
		await verified(nova, mailbox, page)
		await ask(page, 'First of today')
		await answered(page, 'You said: First of today')
		await ask(page, 'Second of today')
		await answered(page, 'You said: Second of today')
		await ask(page, 'One too many')
		const refused = page.getByRole('link', { name: 'See plans' }).first()
		await refused.waitFor()
		// A warning before it has the same link.
		await page.waitForFunction(() => document.querySelector('textarea')?.value === 'One too many')
		await seen(page, 'a day that is used up')

		await refused.click()
		await page.getByRole('heading', { level: 1, name: 'Plans' }).waitFor()
		await page.getByText('You have Free.').waitFor()
		await seen(page, 'plans')
		await page.getByRole('button', { name: 'Choose Pro' }).click()
		await page.getByRole('link', { name: 'Back' }).click()
		await page.getByText('Nothing was charged').waitFor()
		await seen(page, 'back without paying')
		await page.goto(`${nova.url}/plans`)
		await page.getByRole('button', { name: 'Choose Pro' }).click()
		await page.getByRole('button', { name: 'Pay' }).click()
		await page.getByText('You have Pro now.').waitFor()
		assert.equal(new URL(page.url()).search, '')
		await seen(page, 'paid')

		await page.getByRole('link', { name: 'Go to the chat' }).click()
		await ask(page, 'Now there is no limit')
		await answered(page, 'You said: Now there is no limit')
		assert.match((await mailbox.letter(BEA, /Pro/)).subject, /Pro/)

		await menu(page, 'Plans')
		await page.getByText(/^Pro, \$29 a month\. Renews on/).waitFor()
		await page.getByText('$29.00').waitFor()
		await seen(page, 'a subscription and its invoice')
		await page.getByRole('button', { name: 'Manage subscription' }).click()
		await page.getByRole('button', { name: 'Cancel at period end' }).click()
		await page.getByRole('link', { name: 'Return' }).click()
		await page.getByText(/^Pro, \$29 a month\. Ends on/).waitFor()
		await page.goto(nova.url)
		await ask(page, 'Still mine until then')
		await answered(page, 'You said: Still mine until then')

		const admin = await nova.window()
		await nova.signIn(admin)
		await administration(admin, 'Billing')
		await admin.getByText('test mode', { exact: false }).first().waitFor()
		await seen(admin, 'payments, for administrators')
	}
)

journey('what was used is shown, with its days and its rows, and can be taken along', { limits: TWO_A_DAY }, async () => {
	const page = await nova.window()
	await verified(nova, mailbox, page)
	await menu(page, 'Usage')
	await seen(page, 'nothing used yet')
	await page.goto(nova.url)
	await ask(page, 'Remember the train at nine')
	await answered(page, 'You said: Remember the train at nine')
	await menu(page, 'Usage')
	await page.getByText('1 of 2').first().waitFor()
	await page.locator('.u-over').waitFor()
	await page.getByText('Ledger', { exact: true }).click()
	await page.getByText('plan free').first().waitFor()
	await seen(page, 'usage')
	const [download] = await Promise.all([
		page.waitForEvent('download'),
		page.getByRole('button', { name: 'Export CSV' }).click()
	])
	const lines = (await readFile(await download.path(), 'utf8')).trim().split('\n')
	assert.match(lines[0], /^date,llm_tokens_input,/)
	assert.match(lines.at(-1), /^\d{4}-\d\d-\d\d,[1-9]/)

	const phone = await nova.window({ ...PHONE, dark: true })
	await nova.signIn(phone)
	await phone.goto(`${nova.url}/usage`)
	await phone.getByRole('heading', { level: 2, name: 'Today' }).waitFor()
	await sound(phone, 'usage of an administrator, on a phone in the dark')

	const admin = await nova.window()
	await nova.signIn(admin)
	await administration(admin, 'Usage')
	await admin.getByText(BEA).first().waitFor()
	await seen(admin, 'who uses what')
	await admin.getByRole('link', { name: BEA }).first().click()
	await admin.getByRole('button', { name: 'Correct usage' }).waitFor()
	await seen(admin, 'a person’s plan and usage')
})

journey(
	'an answer that meets the limit of the day ends there and says so',
	{ limits: { ...TWO_A_DAY, NOVACORE_PLANS__FREE__TOKENS_PER_DAY: '12' } },
	async () => {
		const page = await nova.window()
		await verified(nova, mailbox, page)
		await ask(page, `Say this: ${'on and on '.repeat(2)}`)
		await page.getByText('Today’s tokens are used up, so the answer stops here.').waitFor()
		await seen(page, 'an answer that was ended by the limit')
	}
)

journey('without billing no page says a word of paying', {}, async () => {
	const page = await nova.window()
	await nova.signIn(page)
	const asked = []
	page.on('request', (request) => asked.push(new URL(request.url()).pathname))
	const places = ['/plans', '/usage', '/account', '/admin', '/admin/usage', '/admin/people', '/billing/success']
	for (const place of places) {
		await page.goto(nova.url + place)
		await page.getByRole('heading', { level: 1 }).waitFor()
		await page.waitForLoadState('networkidle')
		const words = await page.locator('body').innerText()
		assert.doesNotMatch(words, /stripe|payment|subscription|invoice|price|\$\d/i, place)
		await sound(page, place)
	}
	assert.deepEqual(asked.filter((path) => /billing\/(checkout|portal|invoices)/.test(path)), [])
})
