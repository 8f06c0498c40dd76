import type { Address } from '@sock/core'
import type { DatagramPort, DatagramPortSink, DatagramSending } from '@sock/core/datagram'
import { ipAddress } from '@sock/core/transport'

/** A datagram that was sent, or waits for its answer. */
export interface FakeSent {
  /** The content. */
  readonly data: string
  /** The receiver's address, as text. */
  readonly to: string
  /** Answers the send. Only the first call has an effect. */
  readonly done: (error?: Error | null) => void
}

/** Options of {@link createFakeDatagramPort}. */
export interface FakeDatagramPortOptions {
  /** The peer of a connected socket. Default: none, the socket talks to any peer. */
  peer?: Address
  /** Returns the system's immediate answer to a send; `later` leaves it to the test. Default: success. */
  answer?: (data: string, to: string) => Error | undefined | 'later'
  /** Adds `pause` and `resume`, which are recorded. Default: false. */
  canPause?: boolean
  /** The number of datagrams that the system has dropped, a whole number. Default: not reported. */
  kernelDrops?: number
}

/**
 * Returns a datagram port without a system below. It records what is sent; the test decides what is received and how
 * sends end. Only `close()` acts on its own: the sink's `closed()` follows a microtask later.
 *
 * @example
 * const port = createFakeDatagramPort({ answer: () => 'later' })
 * port.receive('question', 2000)
 * port.sent[0].done()
 */
export function createFakeDatagramPort(options?: FakeDatagramPortOptions): FakeDatagramPort {
  return new FakeDatagramPort(options)
}

/** The result of {@link createFakeDatagramPort}. */
export class FakeDatagramPort implements DatagramPort {
  readonly localAddress = ipAddress('127.0.0.1', 1000)
  readonly remoteAddress: Address | undefined
  readonly socket: unknown = {}
  readonly maxMessageBytes = 100
  /** The sent datagrams, in order. */
  readonly sent: FakeSent[] = []
  /** Number of attempts to send. */
  attempts = 0
  /** Names of the called methods, in order, except `send`. */
  readonly calls: string[] = []
  readonly pause?: () => void
  readonly resume?: () => void
  readonly kernelDrops?: () => number
  /** See {@link FakeDatagramPortOptions.answer}; can be replaced. */
  answer: NonNullable<FakeDatagramPortOptions['answer']>
  #sink: DatagramPortSink | undefined
  #isClosed = false

  constructor(options: FakeDatagramPortOptions = {}) {
    this.remoteAddress = options.peer
    this.answer = options.answer ?? (() => undefined)
    if (options.canPause === true) {
      this.pause = () => void this.calls.push('pause')
      this.resume = () => void this.calls.push('resume')
    }
    const { kernelDrops } = options
    if (kernelDrops !== undefined) this.kernelDrops = () => kernelDrops
  }

  start(sink: DatagramPortSink): void {
    this.#sink = sink
    this.calls.push('start')
  }

  send(data: Uint8Array, to: Address | undefined, sending: DatagramSending): void {
    this.attempts += 1
    const done: FakeSent['done'] = (error) => sending.done(error)
    const sent = { data: Buffer.from(data).toString(), to: String(to ?? this.remoteAddress), done }
    const answer = this.answer(sent.data, sent.to)
    if (answer === 'later' || answer === undefined) this.sent.push(sent)
    if (answer !== 'later') done(answer)
  }

  /** Closes the port. As with a system, the event follows later. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.calls.push('close')
    queueMicrotask(() => this.#sink?.closed())
  }

  /** Whether core has closed it. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Delivers a datagram. */
  receive(data: string, from: number | undefined = 2000, truncated = false): void {
    const address = from === undefined ? undefined : ipAddress('127.0.0.1', from)
    this.#sink?.received(Buffer.from(data), address, truncated)
  }

  /** Delivers a datagram from a sender without a name. */
  receiveNameless(data: string): void {
    this.#sink?.received(Buffer.from(data), undefined, false)
  }

  /** Reports an error that concerns no send. */
  fail(error: Error): void {
    this.#sink?.failed(error)
  }
}
