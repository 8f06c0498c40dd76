import { formatAddress, SockError, type Address, type UnixAddress } from '@sock/core'
import {
  MAX_PATH_BYTES,
  parseUnixPath,
  unixAddress,
  type DatagramPort,
  type DatagramPortSink,
  type DatagramSending,
} from '@sock/core/datagram'
import { noAbstractNames } from './abstract-names.js'
import { NativeSocket, type NativeSocketEvents } from './native.js'

/** What `configure(socket)` gets. */
export interface UnixgramSocket {
  /** The descriptor, for native code that sets socket options. */
  readonly fd: number
}

/**
 * What the machinery has room for. The system's own limit is lower, as a rule: what the send buffer holds, 212,960 bytes
 * on Linux unless net.core.wmem_default says otherwise.
 */
const MAX_MESSAGE = 4 * 1024 * 1024
/** Addresses of senders that are kept, so that a datagram from one who has sent before costs no new one. */
const MAX_SENDERS = 1024

/** A port over a native socket, which is bound by whoever makes the port. */
export class UnixgramPort implements DatagramPort, NativeSocketEvents {
  readonly socket: NativeSocket
  readonly maxMessageBytes = MAX_MESSAGE
  #local: UnixAddress | undefined
  #peer: UnixAddress | undefined
  #isConnected = false
  #removeFiles: () => void = () => undefined
  #sink: DatagramPortSink | undefined
  readonly #senders = new Map<string, UnixAddress>()
  /** Who is answered most. */
  #lastSender: UnixAddress | undefined

  /** @throws like the constructor of {@link NativeSocket} */
  constructor() {
    this.socket = new NativeSocket(this)
  }

  get localAddress(): UnixAddress {
    return this.#local as UnixAddress
  }
  get remoteAddress(): UnixAddress | undefined {
    return this.#peer
  }

  /** @param removeFiles takes away what was made for `path`; called once, while the socket is still open */
  bound(path: string, removeFiles: () => void): void {
    this.#local = unixAddress(path)
    this.#removeFiles = removeFiles
  }

  /** Makes `path` the peer. @throws the system's error */
  connect(path: string): void {
    this.socket.connect(path)
    this.#peer = unixAddress(path)
    this.#isConnected = true
  }

  start(sink: DatagramPortSink): void {
    this.#sink = sink
  }

  send(data: Uint8Array, to: Address | undefined, sending: DatagramSending): void {
    let error: Error | undefined
    try {
      error = this.#isPeer(to)
        ? this.#sendToPeer(data)
        : this.socket.sendTo(data, this.#pathOf(to as Address))
    } catch (thrown) {
      error = thrown as Error
    }
    sending.done(error)
  }

  close(): void {
    const removeFiles = this.#removeFiles
    this.#removeFiles = () => undefined
    try {
      removeFiles()
    } catch (error) {
      // A process that has given up its rights since must be able to stop all the same.
      this.#sink?.failed(error as Error)
    }
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

  #isPeer(to: Address | undefined): boolean {
    return to === undefined || (this.#peer !== undefined && formatAddress(to) === this.#peer.path)
  }

  /**
   * When a server goes, the kernel forgets that we were connected to it, and then anybody could send to us. So its
   * successor becomes the peer at once, or until there is one we are our own.
   */
  #sendToPeer(data: Uint8Array): Error | undefined {
    const peer = (this.#peer as UnixAddress).path
    if (!this.#isConnected) {
      this.socket.connect(peer)
      this.#isConnected = true
    }
    const error: NodeJS.ErrnoException | undefined = this.socket.send(data)
    if (error?.code !== 'ECONNREFUSED') return error
    try {
      this.socket.connect(peer)
    } catch {
      this.#isConnected = false
      this.socket.connect(this.localAddress.path)
      return error
    }
    return this.socket.send(data)
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

  /** @throws SockError if that is not an address one can send to */
  #pathOf(to: Address): string {
    if (to.family !== 'unix') {
      const message = `Cannot send to "${formatAddress(to)}": not the address of a Unix socket`
      throw new SockError('ERR_SOCK_INVALID_ADDRESS', message)
    }
    if (to === this.#lastSender || this.#senders.get(to.path) === to) return to.path
    const name = parseUnixPath(to)
    if (name.isAbstract) throw noAbstractNames(to.path)
    return name.path
  }
}
