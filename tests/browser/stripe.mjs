// A stand-in for Stripe: the API below /v1/ as far as NovaCore uses it, a page to pay on, a portal, and
// signed events that are posted to a webhook. `tests/support/stripe.rs` is the same for the Rust tests.
//
// By itself: node stripe.mjs [PORT] [--hook http://127.0.0.1:8080/api/billing/webhook] [--secret whsec_...]
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'

export const KEY = 'sk_test_marzipan'
export const SECRET = 'whsec_nougat'
/** Price: period, amount in cents. */
export const PRICES = {
	price_basic_month: ['month', 900],
	price_basic_year: ['year', 9000],
	price_pro_month: ['month', 2900],
	price_pro_year: ['year', 29000]
}
const DAY = 86_400
const PAGE = 10

const seconds = () => Math.floor(Date.now() / 1000)

/** The header with which Stripe's libraries sign a body. */
export function signed(body, secret = SECRET, at = seconds()) {
	return `t=${at},v1=${createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')}`
}

class Refusal extends Error {
	constructor(status, type, code) {
		super(code ?? type)
		Object.assign(this, { status, type, code })
	}
}
const missing = (status) => new Refusal(status, 'invalid_request_error', 'resource_missing')

export class Stripe {
	#server
	#objects = new Map()
	#once = new Map()
	#made = 0
	#sending = Promise.resolve()
	/** Calls below /v1/, oldest first: { method, path, fields, version, idempotency }. */
	asked = []
	/** Every event so far, oldest first, whether or not it was posted. */
	events = []
	/** Where events are posted; none while it is not set. */
	hook
	secret = SECRET
	/** While true, events are kept back; `deliver` posts them. */
	held = false
	#waiting = []
	/** While set, every call fails with this status. */
	down

	/** On `port`, or on a free one. */
	async start(port = 0) {
		this.#server = createServer((request, response) => this.#serve(request, response))
		this.#server.listen(port, '127.0.0.1')
		await once(this.#server, 'listening')
		return this
	}

	get url() {
		return `http://127.0.0.1:${this.#server.address().port}`
	}

	/** The settings by which NovaCore sells its plans here. */
	get settings() {
		return {
			NOVACORE_BILLING__ENABLED: 'true',
			NOVACORE_STRIPE__SECRET_KEY: KEY,
			NOVACORE_STRIPE__WEBHOOK_SECRETS: this.secret,
			NOVACORE_STRIPE__API_BASE: this.url,
			NOVACORE_PLANS__BASIC__STRIPE_MONTHLY: 'price_basic_month',
			NOVACORE_PLANS__BASIC__STRIPE_YEARLY: 'price_basic_year',
			NOVACORE_PLANS__PRO__STRIPE_MONTHLY: 'price_pro_month',
			NOVACORE_PLANS__PRO__STRIPE_YEARLY: 'price_pro_year'
		}
	}

	/** Posts events to NovaCore at this address from now on. */
	tell(novaUrl) {
		this.hook = new URL('/api/billing/webhook', novaUrl).href
		return this
	}

	async stop() {
		await this.#sending
		this.#server.closeAllConnections()
		this.#server.close()
		await once(this.#server, 'close')
	}

	#add(prefix, object) {
		const id = `${prefix}${String(++this.#made).padStart(8, '0')}`
		const whole = { id, ...object, created: seconds(), livemode: false }
		this.#objects.set(id, whole)
		return whole
	}

	/** An object as it is told: what begins with _ is ours. */
	#told(object) {
		return Object.fromEntries(Object.entries(object).filter(([key]) => !key.startsWith('_')))
	}

	/** All of a kind, of one customer if one is named, newest first. */
	of(kind, customer) {
		const all = [...this.#objects.values()].reverse()
		return all.filter((o) => o.object === kind && (!customer || o.customer === customer))
	}

	/** Makes an event of an object as it is now, and posts it. */
	#fire(type, object) {
		const event = {
			id: `evt_${String(++this.#made).padStart(8, '0')}`,
			object: 'event',
			api_version: '2025-03-31.basil',
			created: seconds(),
			livemode: false,
			pending_webhooks: 1,
			request: { id: null, idempotency_key: null },
			type,
			data: { object: structuredClone(this.#told(object)) }
		}
		this.events.push(event)
		this.#waiting.push(event)
		if (!this.held) this.deliver()
	}

	/** Posts what waits, one after the other, and waits until that is done. */
	deliver() {
		const events = this.#waiting.splice(0)
		const send = async () => {
			for (const event of this.hook ? events : []) await this.post(event)
		}
		this.#sending = this.#sending.then(send).catch((error) => console.error('an event was not taken:', error.message))
		return this.#sending
	}

	/** Posts one event, signed now; the status. */
	async post(event) {
		const body = JSON.stringify(event, null, 2)
		const answer = await fetch(this.hook, {
			method: 'POST',
			headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signed(body, this.secret) },
			body
		})
		await answer.arrayBuffer()
		return answer.status
	}

	/** Somebody pays on the page of a session. */
	pay(session) {
		const subscription = this.#add('sub_', {
			object: 'subscription',
			customer: session.customer,
			status: 'active',
			cancel_at_period_end: false,
			cancel_at: null,
			canceled_at: null,
			ended_at: null,
			metadata: session._subscription_metadata,
			items: { object: 'list', data: [this.#item(session._price)], has_more: false }
		})
		Object.assign(session, {
			status: 'complete',
			payment_status: 'paid',
			subscription: subscription.id,
			url: null
		})
		this.#fire('checkout.session.completed', session)
		this.#fire('customer.subscription.created', subscription)
		this.#fire('invoice.paid', this.#invoice(subscription, true))
		return subscription
	}

	#item(price) {
		const [interval, amount] = PRICES[price]
		const start = seconds()
		return {
			id: `si_${++this.#made}`,
			object: 'subscription_item',
			quantity: 1,
			current_period_start: start,
			current_period_end: start + (interval === 'year' ? 365 : 30) * DAY,
			price: { id: price, object: 'price', unit_amount: amount, currency: 'usd', recurring: { interval, interval_count: 1 } }
		}
	}

	#invoice(subscription, paid) {
		const { price } = subscription.items.data[0]
		const invoice = this.#add('in_', {
			object: 'invoice',
			customer: subscription.customer,
			status: paid ? 'paid' : 'open',
			amount_due: price.unit_amount,
			amount_paid: paid ? price.unit_amount : 0,
			currency: 'usd',
			status_transitions: { paid_at: paid ? seconds() : null },
			lines: {
				object: 'list',
				data: [{ object: 'line_item', amount: price.unit_amount, pricing: { type: 'price_details', price_details: { price: price.id } } }]
			},
			parent: {
				type: 'subscription_details',
				subscription_details: { subscription: subscription.id, metadata: subscription.metadata }
			}
		})
		return Object.assign(invoice, {
			number: `NOVA-${invoice.id.slice(3)}`,
			hosted_invoice_url: `${this.url}/invoice/${invoice.id}`,
			invoice_pdf: `${this.url}/invoice/${invoice.id}/pdf`
		})
	}

	/** Lays changes over a subscription and tells of it. */
	change(subscription, over) {
		Object.assign(subscription, over)
		this.#fire('customer.subscription.updated', subscription)
	}

	cancelAtPeriodEnd(subscription, ends) {
		const at = ends ? subscription.items.data[0].current_period_end : null
		this.change(subscription, { cancel_at_period_end: ends, cancel_at: at })
	}

	switchTo(subscription, price) {
		this.change(subscription, { items: { object: 'list', data: [this.#item(price)], has_more: false } })
	}

	/** The next payment fails: past due, with an open invoice. */
	paymentFails(subscription) {
		subscription.status = 'past_due'
		this.#fire('invoice.payment_failed', this.#invoice(subscription, false))
		this.#fire('customer.subscription.updated', subscription)
	}

	/** Ends a subscription at once. */
	cancel(subscription) {
		Object.assign(subscription, { status: 'canceled', ended_at: seconds(), canceled_at: seconds() })
		this.#fire('customer.subscription.deleted', subscription)
	}

	async #serve(request, response) {
		const chunks = []
		for await (const chunk of request) chunks.push(chunk)
		const text = Buffer.concat(chunks).toString()
		const { pathname, search } = new URL(request.url, this.url)
		if (!pathname.startsWith('/v1/')) return this.#page(request.method, pathname, response)
		const sends = request.method === 'POST'
		const encoded = sends ? text : search.slice(1)
		const asked = {
			method: request.method,
			path: pathname.slice('/v1/'.length),
			fields: Object.fromEntries(new URLSearchParams(encoded)),
			version: request.headers['stripe-version'],
			idempotency: request.headers['idempotency-key']
		}
		this.asked.push(asked)
		let status = 200
		let body
		try {
			if (this.down) throw new Refusal(this.down, 'api_error')
			if (request.headers.authorization !== `Bearer ${KEY}`) throw new Refusal(401, 'invalid_request_error')
			body = sends && asked.idempotency ? this.#keyed(asked, encoded) : this.#answer(asked)
		} catch (error) {
			if (!(error instanceof Refusal)) throw error
			status = error.status
			body = { error: { type: error.type, code: error.code, message: 'The stand-in says no.' } }
		}
		response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
	}

	/** The same answer to the same key; another question under it is refused. */
	#keyed(asked, encoded) {
		const fingerprint = `${asked.path} ${encoded}`
		const before = this.#once.get(asked.idempotency)
		if (before && before.fingerprint !== fingerprint) throw new Refusal(400, 'idempotency_error')
		if (before) return before.body
		const body = this.#answer(asked)
		this.#once.set(asked.idempotency, { fingerprint, body })
		return body
	}

	#answer({ method, path, fields }) {
		const metadata = (prefix) =>
			Object.fromEntries(
				Object.entries(fields)
					.filter(([key]) => key.startsWith(`${prefix}[`))
					.map(([key, value]) => [key.slice(prefix.length + 1, -1), value])
			)
		const theirs = () => {
			if (fields.customer && !this.#objects.has(fields.customer)) throw missing(400)
		}
		switch (`${method} ${path}`) {
			case 'POST customers':
				return this.#told(this.#add('cus_', { object: 'customer', email: fields.email, metadata: metadata('metadata') }))
			case 'POST checkout/sessions': {
				theirs()
				const price = fields['line_items[0][price]']
				if (fields.mode !== 'subscription' || !price || !fields.success_url)
					throw new Refusal(400, 'invalid_request_error', 'parameter_missing')
				if (!PRICES[price]) throw missing(400)
				const session = this.#add('cs_test_', {
					object: 'checkout.session',
					mode: 'subscription',
					status: 'open',
					payment_status: 'unpaid',
					subscription: null,
					customer: fields.customer,
					client_reference_id: fields.client_reference_id,
					metadata: metadata('metadata'),
					success_url: fields.success_url,
					cancel_url: fields.cancel_url,
					_price: price,
					_subscription_metadata: metadata('subscription_data[metadata]')
				})
				session.url = `${this.url}/pay/${session.id}`
				return this.#told(session)
			}
			case 'POST billing_portal/sessions': {
				theirs()
				const session = this.#add('bps_', {
					object: 'billing_portal.session',
					customer: fields.customer,
					return_url: fields.return_url
				})
				session.url = `${this.url}/portal/${session.id}`
				return this.#told(session)
			}
			case 'GET checkout/sessions':
			case 'GET subscriptions':
			case 'GET invoices': {
				theirs()
				const all = this.of(path.replace('/', '.').slice(0, -1), fields.customer)
				const wanted = (status) =>
					fields.status === 'all' || (fields.status ? status === fields.status : status !== 'canceled')
				const shown = all.filter((o) => wanted(o.status))
				const from = fields.starting_after ? shown.findIndex((o) => o.id === fields.starting_after) + 1 : 0
				const limit = Number(fields.limit ?? PAGE)
				const data = shown.slice(from, from + limit).map((o) => this.#told(o))
				return { object: 'list', data, has_more: shown.length > from + limit, url: `/v1/${path}` }
			}
		}
		const [, session] = /^checkout\/sessions\/(\w+)\/expire$/.exec(path) ?? []
		if (session) {
			const page = this.#objects.get(session)
			if (page?.status !== 'open') throw new Refusal(400, 'invalid_request_error')
			return this.#told(Object.assign(page, { status: 'expired', url: null }))
		}
		const object = this.#objects.get(path.split('/')[1])
		if (!object) throw missing(404)
		if (method === 'DELETE' && object.object === 'subscription') {
			if (object.status === 'canceled') throw missing(404)
			this.cancel(object)
		}
		return this.#told(object)
	}

	/** Pages for people: one to pay on, and the portal. */
	#page(method, pathname, response) {
		const [, kind, id, act] = pathname.split('/')
		const object = this.#objects.get(id)
		const html = (words) =>
			response
				.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
				.end(`<!doctype html><html lang="en"><title>Stand-in for Stripe</title><h1>Stand-in for Stripe</h1>${words}`)
		const go = (location) => response.writeHead(303, { location }).end()
		const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;')
		if (kind === 'pay' && object?.status === 'open') {
			if (method === 'POST') {
				this.pay(object)
				return go(object.success_url.replace('{CHECKOUT_SESSION_ID}', object.id))
			}
			return html(`<form method="post"><button>Pay</button></form><a href="${escaped(object.cancel_url)}">Back</a>`)
		}
		if (kind === 'portal' && object) {
			const [subscription] = this.of('subscription', object.customer)
			if (method === 'POST' && subscription) {
				if (act === 'cancel') this.cancelAtPeriodEnd(subscription, true)
				else if (act === 'resume') this.cancelAtPeriodEnd(subscription, false)
				else if (PRICES[act]) this.switchTo(subscription, act)
				return go(`/portal/${id}`)
			}
			const button = (to, label) =>
				`<form method="post" action="/portal/${id}/${to}"><button>${label}</button></form>`
			const acts = subscription?.cancel_at_period_end
				? button('resume', 'Resume')
				: button('cancel', 'Cancel at period end')
			const prices = Object.keys(PRICES).map((price) => button(price, `Switch to ${price}`))
			return html(`${acts}${prices.join('')}<a href="${escaped(object.return_url)}">Return</a>`)
		}
		if (kind === 'invoice' && object) return html(`<p>Invoice ${object.number}</p>`)
		return response.writeHead(404).end()
	}
}

if (process.argv[1] === import.meta.filename) {
	const words = process.argv.slice(2)
	const named = (name) => (words.includes(name) ? words[words.indexOf(name) + 1] : undefined)
	const stripe = await new Stripe().start(Number(words.find((word) => /^\d+$/.test(word)) ?? 0))
	stripe.hook = named('--hook')
	stripe.secret = named('--secret') ?? SECRET
	console.log(`A stand-in for Stripe is on ${stripe.url}; its key is ${KEY}, its secret ${stripe.secret}`)
}
