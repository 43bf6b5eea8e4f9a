// What Nova remembers: told in one conversation, used in another, looked through, put right, taken along, forgotten.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { tabTo } from './keyboard.mjs'
import { Mailbox } from './mailbox.mjs'
import { verified } from './people.mjs'
import { Nova, PHONE, answer, ask, seen, sound } from './support.mjs'

let nova

const journey = (name, act, { mail } = {}) =>
	test(name, async () => {
		const mailbox = mail && (await new Mailbox().start())
		// By night the scripted model would be asked for summaries, at some time of the day.
		const settings = { NOVACORE_MEMORY__DISTIL: 'off', ...mailbox?.settings }
		nova = await Nova.start({ settings, ...(mail ? { host: 'localhost' } : {}) })
		try {
			const page = await nova.window()
			await nova.setUp(page)
			await act(page, mailbox)
		} finally {
			await nova.stop()
			await mailbox?.stop()
		}
	})

async function newChat(page) {
	if (new URL(page.url()).pathname === '/') return
	await page.getByRole('link', { name: 'New chat' }).click()
	await page.waitForURL(`${nova.url}/`)
}

/** Says something in a conversation of its own, and waits until it is answered. */
async function tell(page, ...messages) {
	await newChat(page)
	for (const message of messages) {
		await ask(page, message)
		await answer(page).getByText(`You said: ${message}`).waitFor()
		await page.getByLabel('Send').waitFor()
	}
}
/** What the model was given before the newest message. */
const prompted = () => nova.model.requests.at(-1).messages[0].content

async function open(page, name = 'Memories') {
	await page.getByRole('link', { name: 'Memory', exact: true }).click()
	await page.getByRole('heading', { level: 1, name: 'Memory' }).waitFor()
	if (name === 'Memories') return
	await page.getByRole('navigation', { name: 'What Nova remembers' }).getByRole('link', { name }).click()
	await page.waitForURL(new RegExp(`/memory/${name.toLowerCase()}`))
}
/** By its first words; what Nova said of it begins otherwise. */
const memory = (page, words) => page.getByRole('article', { name: new RegExp(`^${words}`) })
const cards = (page, words) => page.getByRole('article').filter({ hasText: words })
const searchBox = (page) => page.getByRole('searchbox', { name: 'Search what Nova remembers' })

journey('told once, used elsewhere: why it was is explained, and corrected there the next answer goes by it', async (page) => {
	await tell(page, 'My sister Clara lives in Lisbon.')
	await newChat(page)
	nova.model.says('By the sea.')
	await ask(page, 'Where does my sister Clara live?')
	await answer(page).getByText('By the sea.').waitFor()
	assert.match(prompted(), /the person said: "My sister Clara lives in Lisbon\."/)

	await page.getByRole('button', { name: /^remembered \d+ things?/ }).click()
	const drawer = page.getByRole('complementary', { name: 'What Nova remembered' })
	const card = drawer.getByRole('article').filter({ hasText: 'You said it' }).first()
	await card.getByText('Searchable').waitFor()
	await card.getByRole('heading', { name: 'Why it was chosen' }).waitFor()
	await card.getByText('What it was weighed by').click()
	await card.getByText('Your words are in it').waitFor()
	await seen(page, 'why it was remembered')

	await card.getByRole('button', { name: 'Correct' }).click()
	const words = drawer.getByLabel('What Nova should remember')
	assert.equal(await words.inputValue(), 'My sister Clara lives in Lisbon.')
	await sound(page, 'correcting it')
	await words.fill('My sister Clara lives in Porto.')
	await drawer.getByRole('button', { name: 'Save' }).click()
	await drawer.getByText('My sister Clara lives in Porto.').waitFor()

	await tell(page, 'Where does my sister Clara live?')
	assert.match(prompted(), /the person said: "My sister Clara lives in Porto\."/)
	assert.doesNotMatch(prompted(), /the person said: "My sister Clara lives in Lisbon/)
	await sound(page, 'after correcting')
})

journey('found as one types, looked at, pinned, and forgotten with its count, by keyboard', async (page) => {
	await tell(page, 'My daughter Ines is allergic to hazelnuts.', 'The boiler was serviced in March.')
	await tell(page, 'I am training for the marathon in Porto.')
	await open(page)
	await cards(page, 'marathon in Porto').first().waitFor()
	await seen(page, 'all memories')

	await searchBox(page).focus()
	await page.keyboard.type('hazel', { delay: 30 })
	await page.keyboard.type('nuts')
	await page.getByRole('heading', { name: 'Best first' }).waitFor()
	await page.getByRole('status').filter({ hasText: /found by words/ }).waitFor()
	const card = memory(page, 'My daughter')
	assert.equal(await card.locator('mark').first().innerText(), 'hazelnuts')
	assert.equal(await memory(page, 'The boiler').locator('mark').count(), 0)
	await card.getByText('Why is this here?').click()
	await card.getByText('Your words are in it').waitFor()
	await seen(page, 'a search')

	await searchBox(page).focus()
	await tabTo(page, 'Pin')
	await page.keyboard.press('Enter')
	await card.getByText('Pinned', { exact: true }).waitFor()
	await card.getByText('For good', { exact: true }).waitFor()
	await tabTo(page, /^Look closer/, 'Shift+Tab')
	await page.keyboard.press('Enter')
	const whole = page.getByRole('dialog', { name: 'One memory' })
	await whole.getByText(/answers? (has )?used it/).waitFor()
	assert.match(page.url(), /\/memory\?id=[0-9a-f-]{36}$/)
	await seen(page, 'one memory')
	await page.reload()
	await whole.getByText('hazelnuts').first().waitFor()
	await page.keyboard.press('Escape')
	await page.waitForURL(`${nova.url}/memory`)

	await page.getByRole('button', { name: 'Choose several' }).press('Enter')
	await memory(page, 'The boiler').getByRole('checkbox').press('Space')
	await card.getByRole('checkbox').press('Space')
	const chosen = page.getByRole('region', { name: 'Chosen memories' })
	await chosen.getByText('2 memories chosen').waitFor()
	await chosen.getByRole('button', { name: 'Forget the chosen memories' }).press('Enter')
	await chosen.getByText(/^2 memories: [\d.,]+ \w+ in all\.$/).waitFor()
	await seen(page, 'what would go')
	await chosen.getByRole('button', { name: 'Forget all 2' }).press('Enter')
	await card.waitFor({ state: 'detached' })
	assert.equal(await memory(page, 'The boiler').count(), 0)
	await cards(page, 'marathon in Porto').first().waitFor()
})

journey('a stretch of time is forgotten, and then everything, each counted first', async (page) => {
	await tell(page, 'The spare key is at the neighbour’s.')
	await open(page)
	await page.getByRole('button', { name: 'Add a note' }).click()
	await page.getByLabel('What Nova should remember').fill('Grandmother’s bread needs two days.')
	await page.getByLabel('Tags').fill('bread, family')
	await page.getByLabel('When it was').fill('2020-05-04')
	await seen(page, 'a note by hand')
	await page.getByRole('button', { name: 'Remember it' }).click()
	const note = cards(page, 'You noted it').filter({ hasText: 'two days' })
	await note.waitFor()
	await page.getByText('May 2020').first().waitFor()

	await page.getByText('Forget much at once').click()
	const span = page.getByRole('region', { name: 'A stretch of time' })
	await span.getByLabel('From').fill('2020-05-01')
	await span.getByLabel('To, that day too').fill('2020-05-04')
	await span.getByRole('button', { name: 'Forget what was said then' }).click()
	await span.getByText(/^1 memory: /).waitFor()
	await seen(page, 'a stretch of time to forget')
	await span.getByRole('button', { name: 'Forget it' }).click()
	await note.waitFor({ state: 'detached' })
	await cards(page, 'spare key').first().waitFor()

	const all = page.getByRole('region', { name: 'Everything' })
	await all.getByRole('button', { name: 'Forget everything' }).click()
	await all.getByText(/^2 memories: /).waitFor()
	await all.getByRole('button', { name: 'Forget all 2' }).click()
	await all.getByText('Type “forget everything”.').waitFor()
	await all.getByLabel('Type “forget everything”').fill('forget everything')
	await all.getByRole('button', { name: 'Forget all 2' }).click()
	await page.getByText('Nothing yet. Talk with Nova').waitFor()
	await seen(page, 'nothing remembered')
})

journey('a conversation without memory leaves nothing behind', async (page) => {
	await tell(page, 'Let us talk in private.')
	const list = page.getByRole('navigation', { name: 'Conversations' })
	await list.locator('li').filter({ hasText: 'Let us talk' }).getByRole('button').focus()
	await page.keyboard.press('Enter')
	await page.getByRole('menuitem', { name: 'Do not remember it' }).press('Enter')
	await page.getByText('Nova does not remember this conversation').first().waitFor()
	await ask(page, 'My secret hobby is falconry.')
	await answer(page).getByText('You said: My secret').waitFor()
	await page.getByLabel('Send').waitFor()
	await seen(page, 'a conversation without memory')

	await tell(page, 'What is my secret hobby?')
	assert.doesNotMatch(prompted(), /falconry/)
	await open(page)
	await searchBox(page).fill('falconry')
	await page.getByText('Nova remembers nothing about “falconry”').waitFor()
	await seen(page, 'nothing found')
})

journey('what a person states of themselves is in the next prompt, is corrected, and is gone when it is forgotten', async (page) => {
	await open(page, 'Profile')
	await page.getByText('Nova knows nothing about you yet.').waitFor()
	await seen(page, 'an empty profile')
	await page.getByRole('button', { name: 'Add a sentence' }).click()
	await page.getByLabel('What should Nova know about you?').fill('I am allergic to hazelnuts.')
	await page.getByRole('button', { name: 'Add it' }).click()
	const facts = page.getByRole('list', { name: 'True now' })
	await facts.getByText('I am allergic to hazelnuts.', { exact: true }).waitFor()
	await facts.getByText('you wrote it yourself').waitFor()
	await seen(page, 'the profile')
	await tell(page, 'What cake shall I bake?')
	assert.match(prompted(), /I am allergic to hazelnuts\./)
	await page.getByRole('button', { name: /^(remembered \d+ things?|from your profile)$/ }).click()
	const drawer = page.getByRole('complementary', { name: 'What Nova remembered' })
	await drawer.getByRole('heading', { name: 'Always in view' }).waitFor()
	await drawer.getByRole('article').filter({ hasText: 'I am allergic to hazelnuts.' }).getByText('It stands in your profile').waitFor()
	await seen(page, 'what is always in view')

	await open(page, 'Profile')
	await facts.getByRole('button', { name: 'Correct: I am allergic' }).click()
	await page.getByLabel('What is true instead').fill('I am allergic to walnuts.')
	await page.getByRole('button', { name: 'Save' }).click()
	await facts.getByText('you corrected it').waitFor()
	await tell(page, 'And which bread?')
	assert.match(prompted(), /I am allergic to walnuts\./)
	assert.doesNotMatch(prompted(), /I am allergic to hazelnuts/)

	await open(page, 'Profile')
	await facts.getByRole('button', { name: 'Forget: I am allergic' }).click()
	await facts.getByRole('button', { name: /^Forget/ }).first().click()
	await page.getByText('Nova knows nothing about you yet.').waitFor()
	await tell(page, 'And which soup?')
	assert.doesNotMatch(prompted(), /I am allergic to walnuts/)
})

journey(
	'memories are taken along and brought into another account, once',
	async (admin, mailbox) => {
		const page = await nova.window()
		await verified(nova, mailbox, page, 'cleo@example.org')
		await tell(page, 'The cello is at the luthier in Hamburg.')
		await open(page)
		await page.getByText('Take it along, bring it in').click()
		const coming = page.waitForEvent('download')
		await page.getByRole('button', { name: 'Export everything' }).click()
		const file = await coming
		assert.match(file.suggestedFilename(), /^novacore-memory-\d{4}-\d\d-\d\d\.jsonl$/)
		const path = await file.path()
		const lines = (await readFile(path, 'utf8')).trim().split('\n').map((line) => JSON.parse(line))
		assert.equal(lines[0].type, 'header')
		assert.ok(lines.some(({ text }) => text === 'The cello is at the luthier in Hamburg.'))

		const other = await nova.window()
		await verified(nova, mailbox, other)
		await open(other)
		await other.getByText('Nothing yet. Talk with Nova').waitFor()
		await other.getByText('Take it along, bring it in').click()
		const bring = { name: 'brought.jsonl', mimeType: 'application/x-ndjson' }
		const text = await readFile(path)
		await other.getByLabel('Import a file').setInputFiles({ ...bring, buffer: text })
		await other.getByText(`${lines.length - 1} memories were brought in.`).first().waitFor()
		await cards(other, 'luthier').first().waitFor()
		await other
			.getByLabel('Import a file')
			.setInputFiles({ ...bring, buffer: Buffer.concat([text, Buffer.from('no JSON\n')]) })
		await other.getByText(/^0 memories were brought in; 2 were here already, 1 could not be read\.$/).first().waitFor()
		await other.getByText('Show the lines that failed').click()
		await other.getByText(/^Line 4: /).waitFor()
		await seen(other, 'what became of a file')

		await tell(other, 'Where is the cello?')
		assert.match(prompted(), /The cello is at the luthier in Hamburg\./)
	},
	{ mail: true }
)

journey('day by day and as a picture, on a desktop and in the dark on a phone', async (page) => {
	await tell(page, 'My brother Jonas moves to Bergen next month.', 'He plays the viola.')
	await tell(page, 'The roof was repaired.')
	await open(page)
	await page.getByRole('radio', { name: 'Now 2' }).check()
	await page.getByText('2 messages, the newest').waitFor()
	await seen(page, 'what Nova has before it')

	await open(page, 'Timeline')
	const days = page.getByRole('list', { name: 'Days, newest first' })
	await days.getByRole('heading', { name: 'Today' }).waitFor()
	await days.getByRole('link', { name: 'My brother Jonas' }).waitFor()
	await seen(page, 'the timeline')
	await page.getByRole('link', { name: '4 memories' }).click()
	await page.waitForURL(/\/memory\?session=/)
	await page.getByRole('button', { name: 'Take back the filter: In “My brother Jonas' }).waitFor()
	await cards(page, 'viola').first().waitFor()
	assert.equal(await cards(page, 'roof').count(), 0)

	await open(page, 'Picture')
	await page.getByText(/^Nova remembers 6 things/).waitFor()
	await page.getByRole('cell', { name: '6' }).first().waitFor()
	await seen(page, 'the picture')

	const phone = await nova.window({ ...PHONE, dark: true })
	await nova.signIn(phone)
	for (const [path, heading] of [
		['/memory', 'Memory'],
		['/memory/profile', 'What Nova knows about you'],
		['/memory/timeline', 'Timeline'],
		['/memory/picture', 'Picture over time'],
		['/admin/memory', 'Memory']
	]) {
		await phone.goto(nova.url + path)
		await phone.getByRole('heading', { level: 1, name: heading }).waitFor()
		await phone.getByText('Asking the server…').first().waitFor({ state: 'detached' })
		await sound(phone, `${path} on a phone, in the dark`)
	}
})
