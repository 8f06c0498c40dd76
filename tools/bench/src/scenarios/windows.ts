import { connectEndpoint, type Endpoint } from '../clients/endpoint.js'
import { createMessage, setSequence } from '../workloads/message.js'
import { createFailure } from './failure.js'
import { patienceOf } from './patience.js'
import type { Counts, Load } from './scenario.js'

export interface Windows {
  readonly clients: number
  readonly size: number
  /** Messages that a client sends before it waits for the answer to the last of them. */
  readonly window: number
  /** What an answer consists of: so many bytes from the start of the message. */
  readonly answerBytes: number
}

/** Clients that send a window of messages, and go on when the last one is answered; every answer is compared. */
export async function runWindows(load: Load, windows: Windows): Promise<Counts> {
  const { fail, failure } = createFailure()
  const endpoints = await Promise.all(
    Array.from({ length: windows.clients }, (_, index) => connectEndpoint(load, index, windows.size, fail)),
  )
  await load.mark('begin')
  const since = performance.now()
  const deadline = since + load.milliseconds
  const clients = endpoints.map(
    (endpoint, index) => new WindowClient(endpoint, index, windows, deadline, fail),
  )
  const patience = patienceOf(load)
  const timer = setInterval(() => {
    for (const client of clients) client.loseWhatIsOlderThan(patience)
  }, patience / 2)
  try {
    await Promise.race([Promise.all(clients.map((client) => client.run())), failure])
  } finally {
    clearInterval(timer)
  }
  const seconds = (performance.now() - since) / 1000
  await load.mark('end')
  await Promise.all(endpoints.map((endpoint) => endpoint.close()))
  const sum = (of: (client: WindowClient) => number): number =>
    clients.reduce((total, client) => total + of(client), 0)
  const lost = sum((client) => client.unanswered)
  // With a window of several, an answer that is missing says nothing of the others; the server's count does.
  const count = sum((client) => client.sent) - (windows.window === 1 ? lost : 0)
  return { count, bytes: count * windows.size, seconds, lost }
}

class WindowClient {
  sent = 0
  unanswered = 0
  readonly #endpoint: Endpoint
  readonly #messages: readonly Buffer[]
  readonly #last: Buffer
  readonly #windows: Windows
  readonly #deadline: number
  #sentAt = 0
  #isWaiting = false
  #done: () => void = () => undefined

  constructor(
    endpoint: Endpoint,
    index: number,
    windows: Windows,
    deadline: number,
    fail: (error: Error) => void,
  ) {
    const { size, window } = windows
    this.#endpoint = endpoint
    this.#windows = windows
    this.#deadline = deadline
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

  run(): Promise<void> {
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
      this.#endpoint.send(message)
    }
  }

  #answered(answer: Buffer): void {
    const { answerBytes } = this.#windows
    const isRight =
      answer.length === answerBytes && this.#last.compare(answer, 0, answerBytes, 0, answerBytes) === 0
    if (isRight) {
      if (!this.#isWaiting) throw new Error('an answer came twice')
      this.#next()
      return
    }
    // Late, and counted as lost already; or not what was sent.
    if (this.unanswered > 0 && answer.length === answerBytes && answer.readUInt32LE(0) < this.sent) return
    throw new Error(`a client got a wrong answer of ${answer.length} bytes after ${this.sent} messages`)
  }
}
