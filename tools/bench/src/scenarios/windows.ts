import { connectEndpoint, type Endpoint } from '../clients/endpoint.js'
import { createMessage, setSequence } from '../workloads/message.js'
import { createFailure, measured, patienceOf, type Counts, type Load } from './scenario.js'

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
  const { fail, failure } = createFailure()
  const clients = await Promise.all(
    Array.from({ length: windows.clients }, async (_, index) => {
      const endpoint = await connectEndpoint(load, index, windows.size, fail)
      return new WindowClient(endpoint, index, windows, fail)
    }),
  )
  const patience = patienceOf(load)
  const timer = setInterval(() => {
    for (const client of clients) client.loseWhatIsOlderThan(patience)
  }, patience / 2)
  let seconds: number
  try {
    seconds = await measured(load, failure, (deadline) =>
      Promise.all(clients.map((client) => client.run(deadline))),
    )
  } finally {
    clearInterval(timer)
  }
  await Promise.all(clients.map(({ endpoint }) => endpoint.close()))
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
  readonly #last: Buffer
  readonly #answerBytes: number
  #deadline = 0
  #sentAt = 0
  #isWaiting = false
  #done: () => void = () => undefined

  constructor(
    endpoint: Endpoint,
    index: number,
    { size, window, answerBytes }: Windows,
    fail: (error: Error) => void,
  ) {
    this.endpoint = endpoint
    this.#answerBytes = answerBytes
    this.#messages = Array.from({ length: window }, (_, place) =>
      createMessage(size, index, place === window - 1),
    )
    this.#last = this.#messages.at(-1) as Buffer
    endpoint.onMessage = (message) => {
      try {
        this.#answered(message)
      } catch (error) {
        fail(error as Error)
      }
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
    const now = performance.now()
    if (now >= this.#deadline) {
      this.#isWaiting = false
      this.#done()
      return
    }
    this.#isWaiting = true
    this.#sentAt = now
    for (const message of this.#messages) {
      setSequence(message, this.sent)
      this.sent += 1
      this.endpoint.send(message)
    }
  }

  #answered(answer: Buffer): void {
    const bytes = this.#answerBytes
    if (answer.length === bytes && this.#last.compare(answer, 0, bytes, 0, bytes) === 0) {
      if (!this.#isWaiting) throw new Error('an answer came twice')
      this.#next()
      return
    }
    // The answer is late and already counts as lost, or it is wrong.
    if (this.unanswered > 0 && answer.length === bytes && answer.readUInt32LE(0) < this.sent) return
    throw new Error(`a client got a wrong answer of ${answer.length} bytes after ${this.sent} messages`)
  }
}
