import type { UnixAddress } from '@sock/core'
import type { StreamPort, StreamPortSink } from '@sock/core/stream'
import { unixAddress } from '@sock/core/transport'
import { Outgoing } from './outgoing.js'
import { systemError } from './system-error.js'

/** The size of delivered pieces, the same as Node's reads from a socket. */
const PIECE = 64 * 1024

/** The address of clients: they have no name. */
const NAMELESS = unixAddress('')

/** Returns the two ends of a connection: the client's, and that of the server at `address`. */
export function createPortPair(address: UnixAddress): [client: StreamPort, server: StreamPort] {
  const client = new MemoryPort(NAMELESS, address)
  const server = new MemoryPort(address, undefined)
  client.peer = server
  server.peer = client
  return [client, server]
}

/** One end. It informs its sink in a later turn of the event loop, with at most one event of each kind per turn. */
class MemoryPort implements StreamPort {
  readonly localAddress: UnixAddress
  readonly remoteAddress: UnixAddress | undefined
  readonly secure = false
  readonly tls = undefined
  readonly socket = undefined
  peer!: MemoryPort

  readonly #outgoing = new Outgoing()
  #sink: StreamPortSink | undefined
  #turn: NodeJS.Immediate | undefined
  #isOpen = true
  #isPaused = false
  #wantsDrain = false
  /** The state of our direction: `ending` until everything was accepted. */
  #output: 'open' | 'ending' | 'ended' = 'open'
  /** Whether the sink knows the end of the peer's direction. */
  #hasEnded = false
  #error: Error | undefined
  /** Bytes that arrived before the peer was gone. */
  #left: Buffer | undefined

  constructor(localAddress: UnixAddress, remoteAddress: UnixAddress | undefined) {
    this.localAddress = localAddress
    this.remoteAddress = remoteAddress
  }

  get bufferedBytes(): number {
    return this.#outgoing.bytes
  }
  get writeProgress(): number {
    return this.#outgoing.taken
  }

  start(sink: StreamPortSink): void {
    this.#sink = sink
    this.#wake()
  }

  write(data: Uint8Array): void {
    if (!this.#isOpen) return
    if (!this.peer.#isOpen) {
      this.#break('write', 'EPIPE')
      return
    }
    this.#outgoing.push(data)
    this.peer.#wake()
  }

  requestDrain(): void {
    this.#wantsDrain = true
    this.#wake()
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#wake()
  }

  /** Does nothing: this port never keeps the process alive. */
  ref(): void {}

  unref(): void {}

  shutdownWrite(): void {
    if (this.#output === 'open') this.#output = 'ending'
    this.#wake()
  }

  destroy(): void {
    this.#left = undefined
    if (!this.#close()) return
    // A peer with bytes left to send gets an error, since this side does not read any more. Otherwise it sees an
    // ordinary end.
    if (this.peer.#outgoing.bytes > 0) this.peer.#break('write', 'ECONNRESET')
    else this.peer.#wake()
  }

  reset(): void {
    // After our end the peer has everything, so nothing is cut off.
    if (this.#output === 'ended') this.destroy()
    else {
      const left = this.#outgoing.take(PIECE)
      if (this.#close()) this.peer.#cut(left)
    }
  }

  /** The peer has closed without an end. Bytes that it had written are delivered first. */
  #cut(left: Buffer): void {
    if (!this.#isOpen) return
    this.#break('read', 'ECONNRESET')
    if (left.length > 0) this.#left = left
  }

  /** Breaks the connection: the peer is gone without an orderly end. */
  #break(syscall: string, code: string): void {
    if (!this.#isOpen) return
    this.#error = systemError(syscall, code, '')
    this.destroy()
  }

  /** @returns false if it was closed before */
  #close(): boolean {
    if (!this.#isOpen) return false
    this.#isOpen = false
    this.#outgoing.clear()
    this.#output = 'ended'
    this.#wake()
    return true
  }

  #wake(): void {
    // Before `start` there is no sink.
    if (this.#sink === undefined) return
    this.#turn ??= setImmediate(() => {
      this.#tell(this.#sink as StreamPortSink)
    })
  }

  /** Informs the sink. The sink may call any method of this port meanwhile, so each step checks the current state. */
  #tell(sink: StreamPortSink): void {
    this.#turn = undefined
    const left = this.#left
    this.#left = undefined
    if (left !== undefined && !this.#isPaused) sink.received(left)
    this.#tellOfInput(sink)
    if (this.#isOpen) this.#tellOfOutput(sink)
    if (this.#isOpen) return
    clearImmediate(this.#turn)
    this.#sink = undefined
    sink.closed(this.#error)
  }

  #tellOfInput(sink: StreamPortSink): void {
    if (!this.#isOpen || this.#isPaused || this.#hasEnded) return
    const incoming = this.peer.#outgoing
    if (incoming.bytes > 0) {
      sink.received(incoming.take(PIECE))
      this.peer.#wake()
      if (incoming.bytes > 0) this.#wake()
    } else if (this.peer.#output !== 'open') {
      this.#hasEnded = true
      sink.ended()
    }
  }

  #tellOfOutput(sink: StreamPortSink): void {
    if (this.#outgoing.bytes > 0) return
    if (this.#wantsDrain) {
      this.#wantsDrain = false
      sink.drained()
    }
    if (this.#output !== 'ending' || this.#outgoing.bytes > 0) return
    this.#output = 'ended'
    this.peer.#wake()
    sink.flushed()
  }
}
