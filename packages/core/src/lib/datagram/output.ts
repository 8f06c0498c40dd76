import { types } from 'node:util'
import type { Address } from '../address/address.js'
import { rejected } from '../async/deferred.js'
import { Notifier } from '../channel/notifier.js'
import { ownBytes } from '../channel/reused-memory.js'
import { SockError } from '../errors/errors.js'
import { wrongType } from '../options/check.js'
import type { DatagramPort } from './port.js'
import { SendQueue } from './send-queue.js'

/** What the output needs from its socket. */
export interface OutputSocket {
  /** Whether sending is still allowed. */
  readonly isSending: boolean
  /** Whether the socket has observers. */
  readonly isObserved: boolean
  /** Tells observers. @param to the receiver */
  observe(state: 'write', to: Address | undefined): void
}

/** The output of a socket: checks data, informs observers, and passes it to the send queue. */
export class DatagramOutput {
  readonly #port: DatagramPort
  readonly #socket: OutputSocket
  readonly #queue: SendQueue
  readonly #notifier = new Notifier()
  #bytesWritten = 0

  constructor(port: DatagramPort, socket: OutputSocket) {
    this.#port = port
    this.#socket = socket
    this.#queue = new SendQueue(port)
  }

  /** The send queue, with its counters. */
  get queue(): SendQueue {
    return this.#queue
  }

  /** Bytes passed to `reply()` and `send()`. */
  get bytesWritten(): number {
    return this.#bytesWritten
  }

  /**
   * Answers a sender, or on a connected socket the peer.
   *
   * @param to `undefined` for a sender without a name, `null` if no datagram was read yet
   */
  reply(data: Uint8Array | string, to: Address | undefined | null): Promise<void> {
    if (this.#port.remoteAddress !== undefined) return this.send(data, undefined)
    if (to !== undefined && to !== null) return this.send(data, to)
    return rejected(new SockError('ERR_SOCK_NO_PEER_ADDRESS', to === null ? NOTHING_READ : NO_NAME))
  }

  /** Sends a datagram. @param to `undefined` for the peer of a connected socket */
  send(data: Uint8Array | string, to: Address | undefined): Promise<void> {
    // A handler run that closed its channel ends only itself; replies to earlier datagrams are still allowed.
    if (!this.#socket.isSending) return rejected(notOpen())
    const bytes = typeof data === 'string' ? Buffer.from(data) : data
    if (!types.isUint8Array(bytes)) return rejected(wrongType('data', 'a Uint8Array or a string', data))
    const { maxMessageBytes } = this.#port
    if (bytes.length > maxMessageBytes) {
      const message = `Cannot send ${bytes.length} bytes in one datagram: the limit is ${maxMessageBytes}`
      return rejected(new SockError('ERR_SOCK_MESSAGE_TOO_LARGE', message))
    }
    // isNotifying: an observer that is being told about a write may have unsubscribed before it writes itself.
    if (this.#socket.isObserved || this.#notifier.isNotifying) return this.#notify(bytes, to)
    this.#bytesWritten += bytes.length
    return this.#queue.send(ownBytes(bytes), to)
  }

  #notify(bytes: Uint8Array, to: Address | undefined): Promise<void> {
    return this.#notifier.notify(
      () => this.#socket.observe('write', to ?? this.#port.remoteAddress),
      () => {
        if (!this.#socket.isSending) return rejected(notOpen())
        this.#bytesWritten += bytes.length
        return this.#queue.send(ownBytes(bytes), to)
      },
    )
  }
}

/** Returns the error for sending on a closed channel. */
export function notOpen(): SockError {
  return new SockError('ERR_SOCK_CLOSED', 'Cannot send: the channel is closed')
}

const NO_NAME = 'Cannot reply: the sender has no name. It must bind one to receive answers'
const NOTHING_READ =
  'Cannot write: no datagram was read yet, so there is no sender to answer. Use send(data, to)'
