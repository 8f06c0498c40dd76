import { types } from 'node:util'
import type { Address } from '../address/address.js'
import { rejected } from '../async/deferred.js'
import { Announcer } from '../channel/announcer.js'
import { SockError } from '../errors/errors.js'
import { wrongType } from '../options/check.js'
import type { DatagramPort } from './port.js'
import { SendQueue } from './send-queue.js'

/** What output has to know of its socket. */
export interface OutputSocket {
  /** Whether anything may be sent still. */
  readonly isSending: boolean
  /** Whether anybody observes the socket. */
  readonly isObserved: boolean
  /** Tells observers. @param to the receiver */
  observe(state: 'write', to: Address | undefined): void
}

/** What a socket sends: checked, told to observers, and handed to the queue of what is on its way. */
export class DatagramOutput {
  readonly #port: DatagramPort
  readonly #socket: OutputSocket
  readonly #queue: SendQueue
  readonly #announcer = new Announcer()
  #bytesWritten = 0

  constructor(port: DatagramPort, socket: OutputSocket) {
    this.#port = port
    this.#socket = socket
    this.#queue = new SendQueue(port)
  }

  /** What is on its way, and the numbers of what was. */
  get queue(): SendQueue {
    return this.#queue
  }

  /** Bytes that were given to be sent. */
  get bytesWritten(): number {
    return this.#bytesWritten
  }

  /**
   * Answers a sender, or on a connected socket the peer.
   *
   * @param to `undefined` for a sender without a name, `null` if there was none yet
   */
  reply(data: Uint8Array | string, to: Address | undefined | null): Promise<void> {
    if (this.#port.remoteAddress !== undefined) return this.send(data, undefined)
    if (to !== undefined && to !== null) return this.send(data, to)
    return rejected(new SockError('ERR_SOCK_NO_PEER_ADDRESS', to === null ? NOTHING_READ : NO_NAME))
  }

  /** @param to `undefined` for the peer of a connected socket */
  send(data: Uint8Array | string, to: Address | undefined): Promise<void> {
    // A run of the handler that has closed its channel ends nothing but itself: others may still answer.
    if (!this.#socket.isSending) return rejected(notOpen())
    const bytes = typeof data === 'string' ? Buffer.from(data) : data
    if (!types.isUint8Array(bytes)) return rejected(wrongType('data', 'a Uint8Array or a string', data))
    const { maxMessageBytes } = this.#port
    if (bytes.length > maxMessageBytes) {
      const message = `Cannot send ${bytes.length} bytes in one datagram: the limit is ${maxMessageBytes}`
      return rejected(new SockError('ERR_SOCK_MESSAGE_TOO_LARGE', message))
    }
    // The second: an observer that is told of a write may have unsubscribed before it writes itself.
    if (this.#socket.isObserved || this.#announcer.isTelling) return this.#announce(bytes, to)
    this.#bytesWritten += bytes.length
    return this.#queue.send(bytes, to)
  }

  #announce(bytes: Uint8Array, to: Address | undefined): Promise<void> {
    return this.#announcer.announce(
      () => this.#socket.observe('write', to ?? this.#port.remoteAddress),
      () => {
        if (!this.#socket.isSending) return rejected(notOpen())
        this.#bytesWritten += bytes.length
        return this.#queue.send(bytes, to)
      },
    )
  }
}

/** For what is sent too late. */
export function notOpen(): SockError {
  return new SockError('ERR_SOCK_CLOSED', 'Cannot send: channel is closed')
}

const NO_NAME = 'Cannot reply: the sender has no name'
const NOTHING_READ = 'Cannot write: nothing was read yet, so there is nobody to answer; use send(data, to)'
