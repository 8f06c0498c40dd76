import { formatAddress, type Address } from '@sock/core'
import type { DatagramPort, DatagramPortSink, DatagramSending } from '@sock/core/datagram'
import { unixAddress } from '@sock/core/transport'
import type { UnixgramPort } from './unixgram-engine.js'

/** What `configure(socket)` gets. */
export interface UnixgramSocket {
  /** The descriptor, for native code that sets socket options. */
  readonly fd: number
}

/** What its owner knows of the socket of a {@link NamedPort}. */
export interface Naming {
  /** Takes away what was made for its name; called once, while the socket is still open. */
  removeFiles(): void
  /** Its peer, as the system calls it, and as its address does. */
  readonly peer?: { readonly name: string; readonly path: string }
}

/** A port over a socket that has its name, and is connected if it has a peer. */
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
        // A process that has given up its rights since must be able to stop all the same.
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
   * When a server goes, the kernel forgets that we were connected to it, and then anybody could send to us. So its
   * successor becomes the peer at once, or until there is one we are our own.
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

  /** @returns whether there is somebody again */
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

  /** It cannot be done when somebody has deleted the file of our name; then nobody else can reach us by it either. */
  #connectToItself(): void {
    try {
      this.#port.connect(systemName(formatAddress(this.localAddress)))
    } catch (error) {
      this.#sink?.failed(error as Error)
    }
  }
}

/** What the system calls a socket with this address. */
function systemName(path: string): string {
  return path.startsWith('@') ? `\0${path.slice(1)}` : path
}
