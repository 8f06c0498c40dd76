import { formatAddress, type Address } from '@sock/core'
import type { DatagramPort, DatagramPortSink, DatagramSending } from '@sock/core/datagram'
import { unixAddress } from '@sock/core/transport'
import type { UnixgramPort } from './unixgram-engine.js'

/** The argument of `configure(socket)`. */
export interface UnixgramSocket {
  /** The file descriptor, for native code that sets socket options. */
  readonly fd: number
}

/** The name of a {@link NamedPort}: its files, and its peer. */
export interface Naming {
  /** Removes the files that were created for the name. Called once, while the socket is still open. */
  removeFiles(): void
  /** The peer: its name for the system, and the path of its address. */
  readonly peer?: { readonly name: string; readonly path: string }
}

/** Returns a port over a socket that is bound, and connected if it has a peer. */
export function createNamedPort(port: UnixgramPort, naming: Naming): DatagramPort {
  return new NamedPort(port, naming)
}

class NamedPort implements DatagramPort {
  readonly localAddress: Address
  readonly remoteAddress: Address | undefined
  readonly maxMessageBytes: number
  readonly #port: UnixgramPort
  readonly #naming: Naming
  #isConnected = true
  #isClosed = false
  #sink: DatagramPortSink | undefined
  readonly pause: (() => void) | undefined
  readonly resume: (() => void) | undefined
  readonly ref: (() => void) | undefined
  readonly unref: (() => void) | undefined
  readonly kernelDrops: (() => number) | undefined

  constructor(port: UnixgramPort, naming: Naming) {
    this.#port = port
    this.#naming = naming
    this.localAddress = port.localAddress
    this.remoteAddress = naming.peer === undefined ? undefined : unixAddress(naming.peer.path)
    this.maxMessageBytes = port.maxMessageBytes
    this.pause = port.pause?.bind(port)
    this.resume = port.resume?.bind(port)
    this.ref = port.ref?.bind(port)
    this.unref = port.unref?.bind(port)
    this.kernelDrops = port.kernelDrops?.bind(port)
  }

  get socket(): unknown {
    return this.#port.socket
  }

  start(sink: DatagramPortSink): void {
    this.#sink = sink
    this.#port.start(sink)
  }

  send(data: Uint8Array, to: Address | undefined, sending: DatagramSending): void {
    if (this.#isPeer(to)) this.#sendToPeer(data, sending)
    else this.#port.send(data, to, sending)
  }

  close(): void {
    if (!this.#isClosed) {
      this.#isClosed = true
      try {
        this.#naming.removeFiles()
      } catch (error) {
        // A process that has dropped privileges must still be able to stop.
        this.#sink?.failed(error as Error)
      }
    }
    this.#port.close()
  }

  #isPeer(to: Address | undefined): boolean {
    const { peer } = this.#naming
    return to === undefined || (peer !== undefined && formatAddress(to) === peer.path)
  }

  /**
   * Sends to the peer. When a server stops, the kernel disconnects the socket, and any process could send to it. So
   * it connects to the server's successor at once, or to itself while there is none.
   */
  #sendToPeer(data: Uint8Array, sending: DatagramSending): void {
    try {
      if (!this.#isConnected) this.#connect()
    } catch (error) {
      sending.done(error as Error)
      return
    }
    this.#port.send(data, undefined, {
      done: (error: NodeJS.ErrnoException | null | undefined) => {
        if (error?.code === 'ECONNREFUSED' && this.#reconnect()) this.#port.send(data, undefined, sending)
        else sending.done(error)
      },
    })
  }

  #connect(): void {
    this.#port.connect((this.#naming.peer as { name: string }).name)
    this.#isConnected = true
  }

  /** Connects to the server again. @returns whether there is one */
  #reconnect(): boolean {
    try {
      this.#connect()
      return true
    } catch {
      this.#isConnected = false
      this.#connectToItself()
      return false
    }
  }

  /**
   * Connects to its own name. That fails if the file of the name was deleted; then no other process can reach it
   * either.
   */
  #connectToItself(): void {
    try {
      this.#port.connect(systemName(formatAddress(this.localAddress)))
    } catch (error) {
      this.#sink?.failed(error as Error)
    }
  }
}

/** Returns the name of an address in the form that the system needs. */
function systemName(path: string): string {
  return path.startsWith('@') ? `\0${path.slice(1)}` : path
}
