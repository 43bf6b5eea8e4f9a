// Ways in: an invitation, a passkey, and all of it with the keyboard alone.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { focused, tabTo } from './keyboard.mjs'
import { Mailbox } from './mailbox.mjs'
import { Authenticator, BEA, account, administration, enter, signOut, verified } from './people.mjs'
import { Nova, PASSWORD, PHONE, seen, sound } from './support.mjs'

let mailbox

before(async () => (mailbox = await new Mailbox().start()))
after(() => mailbox.stop())

test('an invitation is mailed, tells what to know, makes an account, and then is over', async () => {
	const nova = await Nova.start({
		host: 'localhost',
		settings: {
			...mailbox.settings,
			NOVACORE_AUTH__REGISTRATION: 'invitation',
			NOVACORE_SUPPORT__ADDRESS: 'help@example.org',
			NOVACORE_SUPPORT__KNOWN_LIMITS: 'The server sleeps from 2 to 6.,Answers come from a small model.'
		}
	})
	try {
		const page = await nova.window()
		await nova.setUp(page)
		await administration(page, 'Invitations')
		await page.getByLabel('Address, if it is for one person').fill(BEA)
		await page.getByLabel('Note').fill('the book club')
		await page.getByRole('button', { name: 'Make the link' }).click()
		await page.getByText(/The invitation is made/).waitFor()
		await seen(page, 'an invitation is made')

		const link = await mailbox.link(BEA)
		const other = await nova.window()
		await other.goto(link)
		await other.getByText('You are invited.').waitFor()
		assert.equal(new URL(other.url()).hash, '')
		for (const words of ['The server sleeps from 2 to 6.', 'Answers come from a small model.', 'help@example.org'])
			await other.getByText(words).waitFor()
		assert.equal(await other.getByLabel('Email').inputValue(), BEA)
		await seen(other, 'invited')
		await enter(other, PASSWORD)
		await other.getByLabel('Message to Nova').waitFor()

		await page.reload()
		await page.getByText('1 person came by it').click()
		await seen(page, 'who came by an invitation')
		await page.getByRole('link', { name: BEA }).click()
		await page.getByText('an invitation: the book club').waitFor()
		await seen(page, 'a person')

		const late = await nova.window({ ...PHONE, dark: true })
		await late.goto(link)
		await late.getByText('This invitation does not work').waitFor()
		await sound(late, 'a used invitation')
		await late.goto(`${nova.url}/register`)
		await late.getByText('New accounts are by invitation.').waitFor()
		await sound(late, 'no invitation')
	} finally {
		await nova.stop()
	}
})

test('a passkey is added, signs in without a password, and is removed', async () => {
	const nova = await Nova.start({ host: 'localhost', settings: mailbox.settings })
	try {
		await nova.setUp(await nova.window())
		const page = await nova.window()
		const browser = await page.context().newCDPSession(page)
		await browser.send('WebAuthn.enable')
		await browser.send('WebAuthn.addVirtualAuthenticator', {
			options: {
				protocol: 'ctap2',
				transport: 'internal',
				hasResidentKey: true,
				hasUserVerification: true,
				isUserVerified: true,
				automaticPresenceSimulation: true
			}
		})
		await verified(nova, mailbox, page)
		await account(page, 'Security')
		await page.getByRole('button', { name: 'Add a passkey' }).click()
		const form = page.getByRole('group', { name: 'Add a passkey' })
		await form.getByLabel('Name').fill('my laptop')
		await seen(page, 'adding a passkey')
		await form.getByLabel('Your password').fill(PASSWORD)
		await form.getByRole('button', { name: 'Add it' }).click()
		const passkeys = page.getByRole('region', { name: 'Passkeys' })
		await passkeys.getByText('my laptop', { exact: true }).waitFor()
		await seen(page, 'a passkey')

		await signOut(page)
		await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
		// Back to where one signed out.
		await page.getByRole('heading', { level: 1, name: 'Security' }).waitFor()
		await page.getByText('with a passkey').first().waitFor()
		await passkeys.getByText('last used').waitFor()
		await passkeys.getByRole('button', { name: 'Remove the passkey my laptop' }).click()
		await seen(page, 'removing a passkey')
		await passkeys.getByRole('button', { name: 'Remove', exact: true }).click()
		await passkeys.getByText('my laptop', { exact: true }).waitFor({ state: 'detached' })
		await signOut(page)
		await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
		await page.getByRole('alert').waitFor()
		await seen(page, 'a passkey that was removed')
	} finally {
		await nova.stop()
	}
})

test('with the keyboard alone: an account, its address, a second factor and an API token', async () => {
	const nova = await Nova.start({ host: 'localhost', settings: mailbox.settings })
	try {
		await nova.setUp(await nova.window())
		const page = await nova.window()
		const { keyboard } = page
		const type = async (field, text, then = 'Enter') => {
			await tabTo(page, field)
			await keyboard.type(text)
			if (then) await keyboard.press(then)
		}
		await page.goto(`${nova.url}/register`)
		await page.getByLabel('Email').waitFor()
		await type('Email', BEA, null)
		await type('Password', PASSWORD)
		await page.getByLabel('Message to Nova').waitFor()
		await page.goto(await mailbox.link(BEA))
		await page.getByRole('link', { name: 'Go on' }).waitFor()
		await tabTo(page, 'Go on')
		await keyboard.press('Enter')
		await page.getByLabel('Message to Nova').waitFor()

		await tabTo(page, /Account menu of/)
		await keyboard.press('Enter')
		await page.getByRole('menuitem', { name: 'Account' }).waitFor()
		await focused(page, 'Account')
		await keyboard.press('Enter')
		await page.waitForURL(/\/account$/)
		await tabTo(page, 'Security')
		await keyboard.press('Enter')
		await page.getByRole('button', { name: 'Set it up' }).waitFor()
		await tabTo(page, 'Set it up')
		await keyboard.press('Enter')
		await focused(page, 'Your password')
		await keyboard.press('Escape')
		await focused(page, 'Set it up')
		await keyboard.press('Enter')
		await focused(page, 'Your password')
		await keyboard.press('Enter')
		await page.getByText('Enter your password.').waitFor()
		await focused(page, 'Your password')
		await keyboard.type(PASSWORD)
		await keyboard.press('Enter')
		const setup = page.getByRole('group', { name: 'Setting up the second factor' })
		await setup.waitFor()
		await focused(page, 'Setting up the second factor', false)
		const app = new Authenticator(await setup.locator('pre').innerText())
		await type('Code', await app.code())
		await page.getByRole('heading', { name: 'Keep these recovery codes' }).waitFor()
		await focused(page, 'Keep these recovery codes', false)
		await tabTo(page, 'I have kept them')
		await keyboard.press('Space')
		await tabTo(page, 'Done')
		await keyboard.press('Enter')
		await page.getByText('10 recovery codes left').waitFor()
		await focused(page, 'Second factor', false)

		await tabTo(page, 'Tokens', 'Shift+Tab')
		await keyboard.press('Enter')
		await page.getByRole('button', { name: 'Make a token' }).waitFor()
		await tabTo(page, 'Make a token')
		await keyboard.press('Enter')
		await focused(page, 'Name')
		await keyboard.type('reading list')
		await tabTo(page, /^Read your conversations/)
		await keyboard.press('Space')
		await tabTo(page, 'Your password')
		await keyboard.type(PASSWORD)
		await tabTo(page, 'Make the token')
		await keyboard.press('Enter')
		await page.getByText(/^nova_/).waitFor()
		await focused(page, 'The token “reading list” is made', false)
		await tabTo(page, 'Copy: Token')
		await tabTo(page, 'I have stored it')
		await keyboard.press('Enter')
		await focused(page, 'Your tokens', false)
		await seen(page, 'after all of it')
	} finally {
		await nova.stop()
	}
})
