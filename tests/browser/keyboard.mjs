// Somebody without a mouse: where the keyboard is, and that one can see it.
import assert from 'node:assert/strict'

/** The element with the focus: what it is called, and whether an outline around it (or its field) shows it. */
const where = (page) =>
	page.evaluate(() => {
		const at = document.activeElement
		if (!at || at === document.body) return { name: '', seen: true }
		const outlined = (element) => element && getComputedStyle(element).outlineStyle !== 'none'
		// In a menu the chosen line has a ground of its own.
		const marked = (element) =>
			element.role === 'menuitem' && getComputedStyle(element).backgroundColor !== 'rgba(0, 0, 0, 0)'
		const words = (element) => element?.innerText?.replace(/\s+/g, ' ').trim()
		const box = at.getBoundingClientRect()
		return {
			name: at.getAttribute('aria-label') || words(at.labels?.[0]) || words(at) || at.tagName,
			seen: [at, at.parentElement, at.nextElementSibling].some(outlined) || marked(at),
			inView: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth
		}
	})

const is = (name, wanted) => (wanted instanceof RegExp ? wanted.test(name) : name === wanted)

/** Presses Tab until the keyboard is at `wanted`; on the way its place is always to be seen. */
export async function tabTo(page, wanted, key = 'Tab') {
	const passed = []
	for (let n = 0; n < 60; n++) {
		await page.keyboard.press(key)
		const at = await where(page)
		assert.ok(at.seen, `the focus on “${at.name}” can be seen`)
		if (is(at.name, wanted)) return assert.ok(at.inView, `“${at.name}” is in view`)
		passed.push(at.name)
	}
	assert.fail(`the keyboard does not come to ${wanted}: ${passed.join(' | ')}`)
}

/** Waits until the focus has come to `wanted` by itself; a heading or group that is only read need not show it. */
export async function focused(page, wanted, seen = true) {
	let at
	for (let n = 0; n < 100; n++) {
		at = await where(page)
		if (is(at.name, wanted)) return assert.ok(!seen || at.seen, `the focus on “${at.name}” can be seen`)
		await page.waitForTimeout(50)
	}
	assert.fail(`the focus is on “${at.name}”, not on ${wanted}`)
}
