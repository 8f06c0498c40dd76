import type { Address, PeerCredentials } from '@sock/core'
import type { StreamPort, StreamPortSink } from '@sock/core/stream'
import { withoutStack } from '@sock/core/transport'
import { AsyncResource } from 'node:async_hooks'
import { DESTROYED_BY_HAND, type Notifier, type Loop, type SocketEvents } from './loop.js'
import { kinds } from './numbers.js'
import type { Names } from './names.js'
import { NativeSocket } from './native-socket.js'
import { SendQueue } from './send-queue.js'
import { systemError } from './system-error.js'

/** Events that the sink gets after the call that caused them has returned. */
const DRAINED = 1
const FINISHED = 2
const CLOSED = 4

/** A port over a connected socket of the addon. */
export class NativeStreamPort implements StreamPort<NativeSocket>, SocketEvents, Notifier {
  readonly secure = false
  readonly tls = undefined
  readonly descriptor: number | undefined
  readonly scope = new AsyncResource('SOCKCONNECTION', DESTROYED_BY_HAND)
  held: ((chunk?: Buffer) => void) | undefined

  readonly #loop: Loop
  readonly #names: Names
  #slot: number
  #sink: StreamPortSink | undefined
  #localAddress: Address | undefined
  #remoteAddress: Address | undefined
  #peerCredentials: PeerCredentials | undefined
  #socket: NativeSocket | undefined

  /** Bytes that the system had no room for; created when that happens. */
  #queue: SendQueue | undefined
  #written = 0
  /** The value of `loop.flushes` when this socket last gathered bytes. */
  #gatheredIn = -1
  #output: 'open' | 'ending' | 'ended' = 'open'
  #owesFin = false
  #wantsDrain = false
  #notifications = 0
  #error: Error | undefined

  constructor(loop: Loop, slot: number, names: Names, descriptor?: number) {
    this.#loop = loop
    this.#slot = slot
    this.#names = names
    this.descriptor = descriptor
    loop.register(slot, this)
  }

  get takesReused(): boolean {
    return true
  }
  get localAddress(): Address {
    return (this.#localAddress ??= this.#names.localAddress(this.#loop, this.#slot))
  }
  get remoteAddress(): Address | undefined {
    return (this.#remoteAddress ??= this.#names.remoteAddress(this.#loop, this.#slot))
  }
  get socket(): NativeSocket {
    return (this.#socket ??= new NativeSocket(this.#loop.addon, () => this.#slot))
  }
  get peerCredentials(): PeerCredentials | undefined {
    return (this.#peerCredentials ??= this.#names.peerCredentials?.(this.#loop, this.#slot))
  }
  get bufferedBytes(): number {
    return this.#queue === undefined ? 0 : this.#queue.bytes
  }
  get writeProgress(): number {
    return this.#written - this.bufferedBytes
  }

  /** Called before `start`: chunks are given back with `held`, and their memory is read into again. */
  reuseChunks(): void {
    const { reused, addon } = this.#loop
    let current: Buffer | undefined
    this.held = (chunk) => {
      if (current !== undefined) reused.giveBack(current)
      current = chunk
    }
    addon.setReusing(this.#slot, true)
  }

  keepChunks(): void {
    if (this.held === undefined) return
    this.held = undefined
    this.#loop.addon.setReusing(this.#slot, false)
  }

  start(sink: StreamPortSink): void {
    this.#sink = sink
    if (!this.#isClosed) this.#read(true)
  }

  pause(): void {
    if (!this.#isClosed) this.#read(false)
  }

  resume(): void {
    if (!this.#isClosed) this.#read(true)
  }

  write(data: Uint8Array): void {
    if (this.#isClosed) return
    this.#written += data.length
    if (this.#queue !== undefined) {
      this.#queue.push(data)
    } else if (this.#loop.gather(this.#slot, data)) {
      // gather() may have flushed already; then a later flush has nothing to send, which costs little.
      this.#gatheredIn = this.#loop.flushes
    } else {
      this.#flush()
      this.#sendNow(data)
    }
  }

  requestDrain(): void {
    if (this.#queue === undefined) this.#tell(DRAINED)
    else this.#wantsDrain = true
  }

  shutdownWrite(): void {
    if (this.#isClosed || this.#output !== 'open') return
    this.#output = 'ending'
    this.#flush()
    if (this.#queue === undefined) this.#sendFin()
  }

  ref(): void {
    this.#loop.addon.setReferenced(this.#slot, true)
  }

  unref(): void {
    this.#loop.addon.setReferenced(this.#slot, false)
  }

  destroy(): void {
    this.#close(false)
  }

  reset(): void {
    this.#close(this.#names.canReset && this.#output !== 'ended')
  }

  // Called by the loop.

  chunk(data: Buffer): void {
    this.#sink?.received(data)
  }

  event(kind: number, a: number): void {
    if (kind === kinds.end) {
      this.#ended = true
      this.#sink?.ended()
    } else if (kind === kinds.writable) {
      this.#drainQueue()
    } else if (kind === kinds.failed) {
      this.#fail(a, 'read')
    }
  }

  stalled(_taken: number, errno: number, rest: Buffer): void {
    if (errno === 0) this.#enqueue(rest)
    else this.#fail(errno, 'write')
  }

  notify(): void {
    const notifications = this.#notifications
    this.#notifications = 0
    const sink = this.#sink
    if ((notifications & CLOSED) !== 0) this.scope.emitDestroy()
    if (sink === undefined) return
    if ((notifications & CLOSED) !== 0) {
      this.#sink = undefined
      sink.closed(this.#error)
      return
    }
    if ((notifications & DRAINED) !== 0) sink.drained()
    if ((notifications & FINISHED) === 0 || this.#isClosed) return
    sink.flushed()
    if (this.#owesFin && !this.#isClosed) this.#shutdown()
  }

  /** The peer has sent FIN: further reads would only report it again. */
  #ended = false

  get #isClosed(): boolean {
    return this.#slot < 0
  }

  #read(whether: boolean): void {
    if (this.#ended) return
    const errno = this.#loop.addon.setReading(this.#slot, whether)
    if (errno !== 0) this.#fail(errno, 'epoll_ctl')
  }

  #tell(notification: number): void {
    if (this.#notifications === 0) this.#loop.notifyLater(this)
    this.#notifications |= notification
  }

  /** Sends gathered bytes, if they have not been sent yet, because something must follow them. */
  #flush(): void {
    if (this.#gatheredIn === this.#loop.flushes) this.#loop.flush()
  }

  #sendNow(data: Uint8Array): void {
    if (this.#isClosed) return
    // The flush may have stalled bytes that were gathered before.
    if (this.#queue !== undefined) {
      this.#queue.push(data)
      return
    }
    const taken = this.#loop.addon.send(this.#slot, data)
    if (taken === data.length) return
    if (taken < 0) this.#fail(-taken, 'write')
    else this.#enqueue(data.subarray(taken))
  }

  #enqueue(rest: Uint8Array): void {
    this.#queue = new SendQueue(this.#loop.reused)
    this.#queue.push(rest)
    this.#awaitRoom()
  }

  #awaitRoom(): void {
    const errno = this.#loop.addon.awaitRoom(this.#slot)
    if (errno !== 0) this.#fail(errno, 'epoll_ctl')
  }

  #drainQueue(): void {
    const queue = this.#queue
    if (queue === undefined) return
    const errno = queue.send(this.#loop.addon, this.#slot)
    if (errno !== 0) {
      this.#fail(errno, 'write')
    } else if (!queue.isEmpty) {
      this.#awaitRoom()
    } else {
      this.#queue = undefined
      if (this.#output === 'ending') this.#sendFin()
      this.#tellDrained()
    }
  }

  #tellDrained(): void {
    if (!this.#wantsDrain) return
    this.#wantsDrain = false
    this.#sink?.drained()
  }

  /**
   * Ends the output. After the peer's end, core normally closes the connection as soon as it learns that the output
   * has ended: then close(2) sends the FIN, which saves a system call. The peer's data has been read by then, so
   * close(2) does not cause a reset.
   */
  #sendFin(): void {
    this.#output = 'ended'
    this.#owesFin = this.#ended
    if (!this.#owesFin) this.#shutdown()
    this.#tell(FINISHED)
  }

  /**
   * Sends FIN. As with Node's sockets, a failure is ignored: the reading side will report what happened to the
   * connection.
   */
  #shutdown(): void {
    this.#owesFin = false
    this.#loop.addon.shutdown(this.#slot)
  }

  #fail(errno: number, syscall: string): void {
    if (this.#isClosed) return
    this.#error ??= withoutStack(() => systemError(errno, syscall))
    this.#release(false)
  }

  #close(withReset: boolean): void {
    if (this.#isClosed) return
    // With Node's sockets, earlier writes have been sent by now.
    this.#flush()
    if (!this.#isClosed) this.#release(withReset)
  }

  #release(withReset: boolean): void {
    const slot = this.#slot
    this.#slot = -1
    this.#queue?.drop()
    this.#queue = undefined
    this.#loop.close(slot, withReset)
    this.#tell(CLOSED)
  }
}
