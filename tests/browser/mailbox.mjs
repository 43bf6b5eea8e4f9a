// A mail server that keeps what it is sent, so that a test can read its mail as a person does.
import { once } from 'node:events'
import PostalMime from 'postal-mime'
import { SMTPServer } from 'smtp-server'

export class Mailbox {
	#letters = []
	#waiting = []

	async start() {
		this.server = new SMTPServer({
			authOptional: true,
			disabledCommands: ['STARTTLS'],
			onData: (stream, _session, done) => {
				this.#take(stream).then(() => done(), done)
			}
		})
		this.server.listen(0, '127.0.0.1')
		await once(this.server.server, 'listening')
		this.url = `smtp://127.0.0.1:${this.server.server.address().port}`
		return this
	}

	async #take(stream) {
		const parts = await stream.toArray()
		this.#letters.push(await PostalMime.parse(Buffer.concat(parts)))
		for (const wake of this.#waiting.splice(0)) wake()
	}

	/** The settings by which NovaCore sends its mail here. */
	get settings() {
		return { NOVACORE_MAIL__SMTP_URL: this.url, NOVACORE_MAIL__FROM: 'Nova <nova@example.org>' }
	}

	/** The next letter to this address that says `words`; waits until it comes. A letter is given out once. */
	async letter(to, words = /./) {
		const deadline = AbortSignal.timeout(20_000)
		for (;;) {
			const at = this.#letters.findIndex(
				(letter) => letter.to.some((person) => person.address === to) && words.test(letter.text)
			)
			if (at >= 0) return this.#letters.splice(at, 1)[0]
			await new Promise((resolve, reject) => {
				this.#waiting.push(resolve)
				deadline.addEventListener('abort', () => reject(new Error(`no mail to ${to} came`)), { once: true })
			})
		}
	}

	/** The link that opens something, in the next letter to this address that has one. */
	async link(to) {
		const link = /https?:\/\/\S+(?:token|invitation)=[\w-]+/
		const letter = await this.letter(to, link)
		return letter.text.match(link)[0]
	}

	async stop() {
		await new Promise((resolve) => this.server.close(resolve))
	}
}
