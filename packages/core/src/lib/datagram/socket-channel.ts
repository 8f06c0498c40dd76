import type { Address } from '../address/address.js'
import { rejected } from '../async/deferred.js'
import type {
  Datagram,
  DatagramChannel,
  PeerCredentials,
  ReadOptions,
  Transport,
} from '../channel/channel.js'
import { ReadLimit } from '../channel/read-limit.js'
import { SockError } from '../errors/errors.js'
import { unexpectedArgument, wrongType } from '../options/check.js'
import { parseDestination } from './destination.js'
import { notOpen, type DatagramOutput } from './output.js'
import type { DatagramPort } from './port.js'
import type { ReceiveQueue, Take } from './receive-queue.js'
import { ReceivedDatagram } from './received-datagram.js'

/** What a channel needs from its socket. */
export interface ChannelSocket {
  readonly transport: Transport
  readonly isOpen: boolean
  readonly signal: AbortSignal
  /**
   * Where the input goes: to a reader, to the `data` callback, or nowhere, after the handler has closed its channel.
   */
  readonly input: 'reader' | 'callback' | 'nobody'
  close(): Promise<void>
}

/**
 * The public channel of a datagram socket, with the public members only. A socket has one, for callbacks, `read()`,
 * `receive()` and `for await`.
 */
export class SocketChannel implements DatagramChannel {
  readonly id: number
  data: unknown = undefined

  readonly #socket: ChannelSocket
  readonly #port: DatagramPort
  readonly #queue: ReceiveQueue
  readonly #output: DatagramOutput

  constructor(
    id: number,
    socket: ChannelSocket,
    port: DatagramPort,
    queue: ReceiveQueue,
    output: DatagramOutput,
  ) {
    this.id = id
    this.#socket = socket
    this.#port = port
    this.#queue = queue
    this.#output = output
  }

  get transport(): Transport {
    return this.#socket.transport
  }
  get localAddress(): Address {
    return this.#port.localAddress
  }
  get remoteAddress(): Address | undefined {
    return this.#queue.sender ?? this.#port.remoteAddress
  }
  get peerCredentials(): PeerCredentials | undefined {
    return this.#queue.credentials
  }
  get isOpen(): boolean {
    return this.#socket.isOpen
  }
  get signal(): AbortSignal {
    return this.#socket.signal
  }

  read(options?: ReadOptions): Promise<Buffer | null> {
    return this.#next(takeData, null, options)
  }

  receive(options?: ReadOptions): Promise<Datagram | null> {
    return this.#next(this.#datagram, null, options)
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer, undefined> {
    return { next: () => this.#next(resultOfData, DONE), return: ended }
  }

  datagrams(): AsyncIterable<Datagram> {
    const result: Take<IteratorResult<Datagram, undefined>> = (data, from, truncated, credentials) => ({
      done: false,
      value: this.#datagram(data, from, truncated, credentials),
    })
    return { [Symbol.asyncIterator]: () => ({ next: () => this.#next(result, DONE), return: ended }) }
  }

  write(data: Uint8Array | string): Promise<void> {
    return this.#socket.isOpen ? this.#output.reply(data, this.#queue.sender) : rejected(notOpen())
  }

  send(data: Uint8Array | string, to: Address | string): Promise<void> {
    if (typeof to === 'string') return this.#sendToText(data, to)
    if (typeof to !== 'object' || to === null) return rejected(wrongType('to', 'an address or a string', to))
    return this.#socket.isOpen ? this.#output.send(data, to) : rejected(notOpen())
  }

  close(unexpected?: unknown): Promise<void> {
    if (unexpected !== undefined) return Promise.reject(unexpectedArgument('close()', unexpected))
    return this.#socket.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  readonly #datagram: Take<Datagram> = (data, from, truncated, credentials) =>
    new ReceivedDatagram(this.#output, data, from, truncated, credentials)

  #next<T>(take: Take<T>, end: T, options?: ReadOptions): Promise<T> {
    let readLimit: ReadLimit | undefined
    try {
      if (options !== undefined) readLimit = new ReadLimit(options)
    } catch (error) {
      return rejected(error)
    }
    const { input } = this.#socket
    if (input === 'callback') {
      const message = 'Cannot read: the input goes to the "data" callback. Read it there'
      return rejected(new SockError('ERR_SOCK_INVALID_STATE', message))
    }
    if (input === 'nobody') return Promise.resolve(end)
    return this.#queue.next(take, end, readLimit)
  }

  #sendToText(data: Uint8Array | string, to: string): Promise<void> {
    try {
      return this.send(data, parseDestination(to, this.localAddress.family))
    } catch (error) {
      return rejected(error)
    }
  }
}

const DONE: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined })
const takeData = (data: Buffer): Buffer | null => data
const resultOfData = (value: Buffer): IteratorResult<Buffer, undefined> => ({ done: false, value })
/** Leaving a loop early closes nothing, since all handlers share the socket. */
const ended = (): Promise<IteratorReturnResult<undefined>> => Promise.resolve(DONE)
