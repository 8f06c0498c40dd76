import type { UnixAddress } from '@sock/core'
import type { StreamPort, StreamPortSink } from '@sock/core/stream'
import { unixAddress } from '@sock/core/transport'
import { Outgoing } from './outgoing.js'
import { systemError } from './system-error.js'

/** Bytes that arrive at once, as many as Node reads from a socket. */
const PIECE = 64 * 1024

/** Clients have no name. */
const NAMELESS = unixAddress('')

/** The two ends of a connection: the client's, and the server's, which is found at `address`. */
export function createPortPair(address: UnixAddress): [client: StreamPort, server: StreamPort] {
  const client = new MemoryPort(NAMELESS, address)
  const server = new MemoryPort(address, undefined)
  client.peer = server
  server.peer = client
  return [client, server]
}

/** One end. Whatever it has to tell its sink waits for a turn of the event loop, in which one thing of each kind is told. */
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
  /** Of our direction: `ending` until all that was written is taken. */
  #output: 'open' | 'ending' | 'ended' = 'open'
  /** Whether the sink knows that the peer's direction has ended. */
  #hasEnded = false
  #error: Error | undefined
  /** What came right before the peer was gone. */
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

  /** It never keeps the process alive. */
  ref(): void {}

  unref(): void {}

  shutdownWrite(): void {
    if (this.#output === 'open') this.#output = 'ending'
    this.#wake()
  }

  destroy(): void {
    this.#left = undefined
    if (!this.#close()) return
    // Who still has something to say to us learns that nobody listens; who has not, sees an end like any other.
    if (this.peer.#outgoing.bytes > 0) this.peer.#break('write', 'ECONNRESET')
    else this.peer.#wake()
  }

  reset(): void {
    // Once our end is out the peer has everything, and nothing is cut off.
    if (this.#output === 'ended') this.destroy()
    else {
      const left = this.#outgoing.take(PIECE)
      if (this.#close()) this.peer.#cut(left)
    }
  }

  /** The peer is gone in the middle. What it had written by then is read first, if anything is. */
  #cut(left: Buffer): void {
    if (!this.#isOpen) return
    this.#break('read', 'ECONNRESET')
    if (left.length > 0) this.#left = left
  }

  /** The peer, or the way to it, is gone, and that is no orderly end. */
  #break(syscall: string, code: string): void {
    if (!this.#isOpen) return
    this.#error = systemError(syscall, code, '')
    this.destroy()
  }

  /** @returns false if that was done before */
  #close(): boolean {
    if (!this.#isOpen) return false
    this.#isOpen = false
    this.#outgoing.clear()
    this.#output = 'ended'
    this.#wake()
    return true
  }

  #wake(): void {
    // Before `start` there is nobody to tell.
    if (this.#sink !== undefined) this.#turn ??= setImmediate(() => this.#tell(this.#sink as StreamPortSink))
  }

  /** The sink may call any method of ours in the middle, so each step looks at what holds by then. */
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
    sink.finished()
  }
}
