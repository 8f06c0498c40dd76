import type { Address } from '@sock/core'
import type { DatagramPort, DatagramPortSink, DatagramSending } from '@sock/core/datagram'
import { ipAddress } from '@sock/core/transport'

/** A datagram that has left, or waits for its answer. */
export interface FakeSent {
  /** The message. */
  readonly data: string
  /** The receiver's address, as text. */
  readonly to: string
  /** Answers the send; later calls are harmless for the machinery. */
  readonly done: (error?: Error | null) => void
}

/** What a fake datagram port is like. */
export interface FakeDatagramPortOptions {
  /** Makes a connected socket. Default: one that talks to anybody. */
  peer?: Address
  /** What the system answers at once; `later` leaves it to the test. Default: done. */
  answer?: (data: string, to: string) => Error | undefined | 'later'
  /** Gives it `pause` and `resume`, which are recorded. Default false. */
  canPause?: boolean
  /** How many datagrams it says that the system has dropped, a whole number. Default: it does not tell. */
  kernelDrops?: number
}

/**
 * A datagram port whose system is the test: it records what is sent, and the test says what is received and how sends
 * end. Only `close()` is followed by `closed()` of the sink by itself, a microtask later.
 *
 * @example
 * const port = createFakeDatagramPort({ answer: () => 'later' })
 * port.receive('question', 2000)
 * port.sent[0].done()
 */
export function createFakeDatagramPort(options?: FakeDatagramPortOptions): FakeDatagramPort {
  return new FakeDatagramPort(options)
}

/** What {@link createFakeDatagramPort} makes. */
export class FakeDatagramPort implements DatagramPort {
  readonly localAddress = ipAddress('127.0.0.1', 1000)
  readonly remoteAddress: Address | undefined
  readonly socket: unknown = {}
  readonly maxMessageBytes = 100
  /** What has left, in order. */
  readonly sent: FakeSent[] = []
  /** Every attempt to send. */
  attempts = 0
  /** The methods that were called, in order, `send` not included. */
  readonly calls: string[] = []
  readonly pause?: () => void
  readonly resume?: () => void
  readonly kernelDrops?: () => number
  /** See {@link FakeDatagramPortOptions.answer}; may be replaced. */
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

  /** As a system does: the event of closing comes later. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.calls.push('close')
    queueMicrotask(() => this.#sink?.closed())
  }

  /** Whether the machinery has closed it. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Something comes from the network. */
  receive(data: string, from: number | undefined = 2000, truncated = false): void {
    const address = from === undefined ? undefined : ipAddress('127.0.0.1', from)
    this.#sink?.received(Buffer.from(data), address, truncated)
  }

  /** Something comes from a sender without a name. */
  receiveNameless(data: string): void {
    this.#sink?.received(Buffer.from(data), undefined, false)
  }

  /** Something goes wrong that concerns no send. */
  fail(error: Error): void {
    this.#sink?.failed(error)
  }
}
