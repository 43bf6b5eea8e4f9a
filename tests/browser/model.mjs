// A model server in Ollama's form for the browser tests: it says what the test scripts, piece by
// piece when the test lets it. Fields as in Ollama's API (/api/tags, /api/show, NDJSON of /api/chat).
import { createServer } from 'node:http'
import { once } from 'node:events'

const NAME = 'llama3.2:latest'
const MODEL = {
	name: NAME,
	model: NAME,
	digest: '0'.repeat(64),
	size: 2_000_000_000,
	capabilities: ['completion'],
	details: { family: 'llama', context_length: 131_072 }
}

export class Model {
	#server
	#waiting = []
	#scripts = []
	#aborted = 0
	/** Bodies of all chats so far. */
	requests = []
	/** While true, pieces wait for `release`. */
	held = false

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

	async stop() {
		this.#server.closeAllConnections()
		this.#server.close()
		await once(this.#server, 'close')
	}

	/** The next answer; without one it echoes. */
	says(...pieces) {
		this.#scripts.push(pieces)
	}

	/** Holds all pieces back from now on. */
	hold() {
		this.held = true
	}

	/** Lets so many held pieces through, waiting until they are there. */
	async release(pieces) {
		for (let n = 0; n < pieces; n++) {
			while (this.#waiting.length === 0) await new Promise((wake) => (this.#arrived = wake))
			this.#waiting.shift()()
		}
	}
	#arrived = () => {}

	/** Lets everything through from now on. */
	open() {
		this.held = false
		for (const go of this.#waiting.splice(0)) go()
	}

	/** How many clients went away in the middle of an answer. */
	get aborted() {
		return this.#aborted
	}

	async #serve(request, response) {
		const chunks = []
		for await (const chunk of request) chunks.push(chunk)
		const body = chunks.length ? JSON.parse(Buffer.concat(chunks)) : {}
		const json = (value) => {
			response.setHeader('content-type', 'application/json')
			response.end(JSON.stringify(value))
		}
		switch (request.url) {
			case '/api/version':
				return json({ version: '0.32.9' })
			case '/api/tags':
				return json({ models: [MODEL] })
			case '/api/show':
				return json({ ...MODEL, model_info: { 'general.architecture': 'llama', 'llama.context_length': 131_072 } })
			case '/api/chat':
				return this.#chat(body, response)
			default:
				response.statusCode = 404
				response.end('404 page not found')
		}
	}

	async #chat(body, response) {
		this.requests.push(body)
		const said = body.messages.at(-1).content
		const pieces = this.#scripts.shift() ?? ['You said: ', ...said.split(/(?<= )/)]
		response.on('close', () => (this.#aborted += response.writableFinished ? 0 : 1))
		response.setHeader('content-type', 'application/x-ndjson')
		const line = (value) => response.write(JSON.stringify({ model: NAME, created_at: '2026-01-02T03:04:05Z', ...value }) + '\n')
		for (const content of pieces) {
			if (this.held) {
				await new Promise((go) => {
					this.#waiting.push(go)
					this.#arrived()
				})
			}
			if (response.destroyed) return
			line({ message: { role: 'assistant', content }, done: false })
		}
		line({
			message: { role: 'assistant', content: '' },
			done: true,
			done_reason: 'stop',
			prompt_eval_count: 20,
			eval_count: pieces.length
		})
		response.end()
	}
}
