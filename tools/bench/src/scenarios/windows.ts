import { closeAll, connectEndpoint, patienceOf, type Endpoint } from '../clients/endpoint.js'
import { createMessage, setSequence } from '../message.js'
import { measured, together, type Counts, type Load } from './load.js'

export interface Windows {
  readonly clients: number
  readonly size: number
  /** How many messages a client sends before it waits for the answer to the last one. */
  readonly window: number
  /** The length of an answer: this many bytes from the start of the message. */
  readonly answerBytes: number
}

/** Runs clients that send a window of messages, and continue when the last one is answered. Compares every answer. */
export async function runWindows(load: Load, windows: Windows): Promise<Counts> {
  const clients = await together(windows.clients, async (index) => {
    const endpoint = await connectEndpoint(load, windows.size)
    return new WindowClient(endpoint, index, windows, load)
  })
  const patience = patienceOf(load)
  const timer = setInterval(() => {
    for (const client of clients) client.loseWhatIsOlderThan(patience)
  }, patience / 2)
  let seconds: number
  try {
    seconds = await measured(load, (deadline) => Promise.all(clients.map((client) => client.run(deadline))))
  } finally {
    clearInterval(timer)
  }
  await closeAll(clients.map(({ endpoint }) => endpoint))
  const sum = (of: (client: WindowClient) => number): number =>
    clients.reduce((total, client) => total + of(client), 0)
  const lost = sum((client) => client.unanswered)
  // With a window of several messages, count at the server: a missing answer says nothing about the others.
  const count = sum((client) => client.sent) - (windows.window === 1 ? lost : 0)
  return { count, bytes: count * windows.size, seconds, lost }
}

class WindowClient {
  sent = 0
  unanswered = 0
  readonly endpoint: Endpoint
  readonly #messages: readonly Buffer[]
  readonly #answer: Buffer
  #deadline = 0
  #sentAt = 0
  #isWaiting = false
  #done: () => void = () => undefined

  constructor(endpoint: Endpoint, index: number, { size, window, answerBytes }: Windows, { fail }: Load) {
    this.endpoint = endpoint
    this.#messages = Array.from({ length: window }, (_, place) =>
      createMessage(size, index, place === window - 1),
    )
    this.#answer = (this.#messages.at(-1) as Buffer).subarray(0, answerBytes)
    endpoint.onMessage = (answer) => {
      const fault = this.#answered(answer)
      if (fault !== undefined) fail(new Error(fault))
    }
  }

  run(deadline: number): Promise<void> {
    this.#deadline = deadline
    return new Promise((resolve) => {
      this.#done = resolve
      this.#next()
    })
  }

  loseWhatIsOlderThan(milliseconds: number): void {
    if (!this.#isWaiting || performance.now() - this.#sentAt < milliseconds) return
    this.unanswered += 1
    this.#next()
  }

  #next(): void {
    this.#sentAt = performance.now()
    this.#isWaiting = this.#sentAt < this.#deadline
    if (!this.#isWaiting) return this.#done()
    for (const message of this.#messages) {
      setSequence(message, this.sent)
      this.sent += 1
      this.endpoint.send(message)
    }
  }

  /** @returns what is wrong with the answer */
  #answered(answer: Buffer): string | undefined {
    if (this.#answer.equals(answer)) {
      if (!this.#isWaiting) return 'an answer came twice'
      this.#next()
      return undefined
    }
    // An answer that has counted as lost may come late.
    const isLate = answer.length === this.#answer.length && answer.readUInt32LE(0) < this.sent
    if (this.unanswered > 0 && isLate) return undefined
    return `a client got a wrong answer of ${answer.length} bytes after ${this.sent} messages`
  }
}
