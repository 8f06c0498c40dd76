import { formatAddress, type Address, type UnixAddress } from '@sock/core'
import { unixDestination, type DatagramPortSink, type DatagramSending } from '@sock/core/datagram'
import { checkNetwork, MAX_PATH_BYTES, unixAddress } from '@sock/core/transport'
import { noAbstractNames } from './abstract-names.js'
import { preloadUnixDgram, UnixDgramSocket, type UnixDgramEvents } from './unix-dgram.js'
import type { UnixgramEngine, UnixgramPort } from './unixgram-engine.js'

/**
 * The largest message that core accepts. The system's limit is normally lower: the size of the send buffer, on Linux
 * 212,960 bytes unless net.core.wmem_default is set.
 */
const MAX_MESSAGE = 4 * 1024 * 1024
/** The number of cached sender addresses: a datagram of a cached sender needs no new address object. */
const MAX_SENDERS = 1024

/** Returns the default engine. Loads the native module now, not when the first socket opens. */
export function unixDgramEngine(): Pick<UnixgramEngine<UnixDgramSocket>, 'openUnixgram' | 'autobind'> {
  preloadUnixDgram()
  return unixDgram
}

const unixDgram = { openUnixgram: openUnixDgram }

/** Opens a port over a socket of unix-dgram. @throws like the constructor of {@link UnixDgramSocket} */
export function openUnixDgram(): UnixgramPort<UnixDgramSocket> {
  checkNetwork()
  return new UnixDgramPort()
}

class UnixDgramPort implements UnixgramPort<UnixDgramSocket>, UnixDgramEvents {
  readonly socket: UnixDgramSocket
  readonly maxMessageBytes = MAX_MESSAGE
  #local = unixAddress('')
  #peer: UnixAddress | undefined
  #sink: DatagramPortSink | undefined
  readonly #senders = new Map<string, UnixAddress>()
  /** The latest sender, which most answers go to. */
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
      // A relative path that begins with "@" looks like an abstract name.
      address = unixAddress(path.startsWith('@') ? `./${path}` : path)
      // Such a name can be bound, but not sent to: truncated, it would name another socket. send() must check it.
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

  /** Returns the path to send to. @throws SockError if it is not a valid address to send to */
  #pathOf(to: Address): string {
    if (to.family === 'unix' && this.#isSender(to)) return to.path
    const name = unixDestination(to)
    if (name.isAbstract) throw noAbstractNames(name.address.path)
    return name.path
  }
}
