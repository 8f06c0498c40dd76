import { formatAddress, type Address, type UnixAddress } from '@sock/core'
import { unixDestination, type DatagramPortSink, type DatagramSending } from '@sock/core/datagram'
import { MAX_PATH_BYTES, unixAddress } from '@sock/core/transport'
import { noAbstractNames } from './abstract-names.js'
import { UnixDgramSocket, type UnixDgramEvents } from './unix-dgram.js'
import type { UnixgramPort } from './unixgram-engine.js'

/**
 * What the machinery has room for. The system's own limit is lower, as a rule: what the send buffer holds, 212,960 bytes
 * on Linux unless net.core.wmem_default says otherwise.
 */
const MAX_MESSAGE = 4 * 1024 * 1024
/** Addresses of senders that are kept, so that a datagram from one who has sent before costs no new one. */
const MAX_SENDERS = 1024

/** A port over a socket of unix-dgram. @throws like the constructor of {@link UnixDgramSocket} */
export function openUnixDgram(): UnixgramPort<UnixDgramSocket> {
  return new UnixDgramPort()
}

class UnixDgramPort implements UnixgramPort<UnixDgramSocket>, UnixDgramEvents {
  readonly socket: UnixDgramSocket
  readonly maxMessageBytes = MAX_MESSAGE
  #local = unixAddress('')
  #peer: UnixAddress | undefined
  #sink: DatagramPortSink | undefined
  readonly #senders = new Map<string, UnixAddress>()
  /** Who is answered most. */
  #lastSender: UnixAddress | undefined

  constructor() {
    this.socket = new UnixDgramSocket(this)
  }

  get localAddress(): UnixAddress {
    return this.#local
  }
  get remoteAddress(): UnixAddress | undefined {
    return this.#peer
  }

  bind(name: string): void {
    this.socket.bind(name)
    this.#local = unixAddress(name)
  }

  connect(name: string): void {
    this.socket.connect(name)
    this.#peer = unixAddress(name)
  }

  start(sink: DatagramPortSink): void {
    this.#sink = sink
  }

  send(data: Uint8Array, to: Address | undefined, sending: DatagramSending): void {
    let error: Error | undefined
    try {
      error =
        to === undefined || this.#isPeer(to)
          ? this.socket.send(data)
          : this.socket.sendTo(data, this.#pathOf(to))
    } catch (thrown) {
      error = thrown as Error
    }
    sending.done(error)
  }

  close(): void {
    this.socket.close()
  }

  received(data: Buffer, path: string | undefined, truncated: boolean): void {
    this.#sink?.received(data, path === undefined ? undefined : this.#sender(path), truncated)
  }

  writable(): void {
    this.#sink?.writable?.()
  }

  failed(error: Error): void {
    this.#sink?.failed(error)
  }

  closed(): void {
    this.#sink?.closed()
  }

  #isPeer(to: Address): boolean {
    return this.#peer !== undefined && formatAddress(to) === this.#peer.path
  }

  #sender(path: string): UnixAddress {
    let address = this.#senders.get(path)
    if (address === undefined) {
      // A relative name that looks like an abstract one.
      address = unixAddress(path.startsWith('@') ? `./${path}` : path)
      // Such a name can be bound, and not be sent to: cut, it is that of another socket. So send() is to look at it.
      if (Buffer.byteLength(address.path) > MAX_PATH_BYTES) return address
      if (this.#senders.size >= MAX_SENDERS) this.#senders.clear()
      this.#senders.set(path, address)
    }
    this.#lastSender = address
    return address
  }

  #isSender(to: UnixAddress): boolean {
    return to === this.#lastSender || this.#senders.get(to.path) === to
  }

  /** @throws SockError if that is not an address one can send to */
  #pathOf(to: Address): string {
    if (to.family === 'unix' && this.#isSender(to)) return to.path
    const name = unixDestination(to)
    if (name.isAbstract) throw noAbstractNames(name.address.path)
    return name.path
  }
}
