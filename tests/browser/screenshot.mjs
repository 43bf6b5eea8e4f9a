// Takes the picture in the README: node screenshot.mjs FILE
import { Nova, answer, ask } from './support.mjs'

const nova = await Nova.start()
try {
	const page = await nova.window({ width: 1280, height: 800 })
	await nova.setUp(page)
	nova.model.says('Noted. Lisbon in October it is, with Clara and her grilled sardines.')
	await ask(page, 'I am visiting my sister Clara in Lisbon in October. She makes the best grilled sardines.')
	await answer(page).getByText('grilled sardines').waitFor()
	await page.getByLabel('Send').waitFor()
	await page.getByRole('link', { name: 'New chat' }).click()
	await page.waitForURL(`${nova.url}/`)
	nova.model.says(
		'You are seeing **Clara in Lisbon in October**, so something for both of you:\n\n',
		'| for | idea | why |\n|---|---|---|\n| Clara | a small cast-iron grill pan | for the sardines, indoors too |\n| the trip | a notebook | Lisbon is a city for walking and writing |\n\n',
		'If you take only one thing, take the pan. Shall I help you write the card?'
	)
	await ask(page, 'What could I bring my sister when I visit her?')
	await answer(page).getByText('Shall I help you write the card?').waitFor()
	await page.getByLabel('Send').waitFor()
	await page.getByRole('button', { name: /remembered/ }).click()
	await page.getByRole('complementary', { name: 'What Nova remembered' }).getByText('Clara').first().waitFor()
	await page.screenshot({ path: process.argv[2] ?? 'screenshot.png' })
} finally {
	await nova.stop()
}
