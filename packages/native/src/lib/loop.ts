import type { Address } from '@sock/core'
import { RESERVED_DESCRIPTORS } from '@sock/core/stream'
import type { AsyncResource } from 'node:async_hooks'
import { constants } from 'node:os'
import type { Addon } from './addon.js'
import {
  DATAGRAM_BITS,
  EVENT_WIDTH,
  header,
  KIND_BITS,
  kinds,
  MAX_EVENTS,
  MAX_OPERATIONS,
} from './numbers.js'
import { pin } from './pin.js'
import { ReusedChunks } from './reused-chunks.js'
import { SendBatch } from './send-batch.js'
import { Senders } from './senders.js'

/**
 * An object with an asynchronous context of its own, as Node's sockets have: contexts entered there do not reach
 * others.
 */
interface Scoped {
  /** The context of its callbacks; `undefined` if it makes no callbacks, or sets the context itself. */
  readonly scope: AsyncResource | undefined
}

/** Options that keep a resource from costing anything at garbage collection; `emitDestroy()` must be called. */
export const DESTROYED_BY_HAND = { requireManualDestroy: true }

/** The events of the socket in a slot: a listener, a connection, or an attempt to connect. */
export interface SocketEvents extends Scoped {
  /** Receives bytes from the peer, which it may keep, or must pass to {@link ReusedChunks.giveBack} if they are reused. */
  chunk(data: Buffer): void
  /** Receives another event, one of {@link kinds}. */
  event(kind: number, a: number, b: number): void
  /**
   * Reports that the system accepted only `taken` of the gathered bytes, and returns the rest. `errno` is 0 if there
   * was no room.
   */
  stalled(taken: number, errno: number, rest: Buffer): void
}

/** The events of the datagram socket in a slot. */
export interface DatagramSocketEvents extends Scoped {
  datagram(data: Buffer, from: Address | undefined, truncated: boolean): void
  /** Sets the credentials of the datagrams that follow; `undefined` if they are unknown. */
  credentials(value: unknown): void
  event(kind: number, a: number, b: number): void
}

/** A socket with an event to report after the call that caused it has returned. */
export interface Notifier {
  readonly scope: AsyncResource
  notify(): void
}

/** The largest write that is copied and gathered. For larger ones a system call costs less than the copy. */
const MAX_GATHERED = 4096
/** How long writes are gathered in one batch, in ms. After that they are sent without waiting for its end. */
const MAX_GATHERING_TIME = 1
/** The clock is read once in this many writes, plus 1. */
const CLOCK_MASK = 3

const EVENTS_AT = EVENT_WIDTH
const OPERATIONS_AT = EVENTS_AT + MAX_EVENTS * EVENT_WIDTH
const STALLS_AT = OPERATIONS_AT + MAX_OPERATIONS * EVENT_WIDTH
const IN_USE_AT = STALLS_AT + MAX_OPERATIONS * EVENT_WIDTH
const KIND_MASK = (1 << KIND_BITS) - 1
const DATAGRAM_MASK = (1 << DATAGRAM_BITS) - 1

/**
 * The JavaScript side of the addon: passes the events of a batch to the sockets in the slots, and gathers what they
 * write.
 */
export class Loop {
  readonly addon: Addon
  /** Incremented by each flush, so that a socket can tell whether its gathered writes have been sent. */
  flushes = 0
  readonly senders = new Senders()
  readonly reused: ReusedChunks
  #sendBatch: SendBatch | undefined

  readonly #shared: Int32Array
  readonly #out: Buffer
  readonly #slabs: unknown[]
  readonly #sockets: (SocketEvents | DatagramSocketEvents | undefined)[] = []
  #outUsed = 0
  #began = 0
  #notifiers: Notifier[] = []
  #willNotify = false

  /** @param isChecked whether to overwrite reused chunks that are not valid any more */
  constructor(addon: Addon, isChecked = false) {
    this.addon = addon
    const { shared, out, slabs, reused } = addon.start(
      (count) => this.#dispatch(count),
      pin,
      RESERVED_DESCRIPTORS,
    )
    this.#shared = new Int32Array(shared)
    this.#out = Buffer.from(out)
    this.#slabs = slabs
    this.reused = new ReusedChunks(reused, this.#shared.subarray(IN_USE_AT), isChecked)
  }

  /** What datagram sockets send in batches. Made when the first of them asks. */
  get sendBatch(): SendBatch {
    return (this.#sendBatch ??= new SendBatch(this.addon))
  }

  register(slot: number, socket: SocketEvents | DatagramSocketEvents): void {
    this.#sockets[slot] = socket
  }

  /**
   * Closes the file descriptor: no more events come.
   *
   * @param rest gets what the batch has for the slot nevertheless, until {@link forget}
   */
  close(slot: number, withReset = false, rest?: DatagramSocketEvents): void {
    this.#sockets[slot] = rest
    this.addon.close(slot, withReset)
  }

  /** Forgets a closed socket, unless the slot belongs to another one by now. */
  forget(slot: number, socket: DatagramSocketEvents): void {
    if (this.#sockets[slot] === socket) this.#sockets[slot] = undefined
  }

  /**
   * Copies the bytes until the end of the batch, if there is a batch and they are few.
   *
   * @returns whether it did
   */
  gather(slot: number, data: Uint8Array): boolean {
    const shared = this.#shared
    const { length } = data
    if (length > MAX_GATHERED || shared[header.gathering] === 0) return false
    const count = shared[header.operations] as number
    if (count === 0) this.#outUsed = 0
    if (count === MAX_OPERATIONS || this.#outUsed + length > this.#out.length) {
      // The flush may have stalled earlier writes of this slot: then these bytes must be queued after them.
      this.flush()
      return false
    }
    const at = OPERATIONS_AT + count * EVENT_WIDTH
    this.#out.set(data, this.#outUsed)
    shared[at] = slot
    shared[at + 1] = this.#outUsed
    shared[at + 2] = length
    this.#outUsed += length
    shared[header.operations] = count + 1
    if ((count & CLOCK_MASK) === 0 && performance.now() - this.#began > MAX_GATHERING_TIME) this.flush()
    return true
  }

  /** Sends the gathered writes now. */
  flush(): void {
    this.flushes += 1
    if (this.addon.flush() > 0) this.#returnStalled()
  }

  /** Calls `notify()` once the running code has returned. */
  notifyLater(notifier: Notifier): void {
    this.#notifiers.push(notifier)
    if (this.#willNotify) return
    this.#willNotify = true
    process.nextTick(notifyAll, this)
  }

  notifyAll(): void {
    for (let index = 0; index < this.#notifiers.length; index++) {
      try {
        const notifier = this.#notifiers[index] as Notifier
        notifier.scope.runInAsyncScope(notify, undefined, notifier)
      } catch (error) {
        report(error)
      }
    }
    this.#notifiers = []
    this.#willNotify = false
  }

  #dispatch(count: number): void {
    this.flushes += 1
    this.#began = performance.now()
    if ((this.#shared[header.stalls] as number) > 0) this.#returnStalled()
    this.#willNotify = true
    this.#sendBatch?.begin(this.#began)
    for (let index = 0; index < count; index++) {
      try {
        const at = EVENTS_AT + index * EVENT_WIDTH
        const scope = this.#sockets[this.#shared[at] as number]?.scope
        if (scope === undefined) this.#deliver(at)
        else scope.runInAsyncScope(this.#deliverIn, undefined, at)
      } catch (error) {
        report(error)
      }
    }
    this.#sendBatch?.end()
    this.#slabs.length = 0
    this.notifyAll()
  }

  /** Created once, to be called in the scope of a socket. */
  readonly #deliverIn = (at: number): void => this.#deliver(at)

  #deliver(at: number): void {
    const shared = this.#shared
    const socket = this.#sockets[shared[at] as number]
    const kind = shared[at + 1] as number
    const a = shared[at + 2] as number
    const b = shared[at + 3] as number
    // This event concerns all sockets.
    if (kind === kinds.sender) this.senders.add(a, this.#slabs[b])
    if (socket === undefined) {
      // An earlier event of this batch has closed the socket. Close a peer that was accepted for it, which no other
      // code would do.
      if (kind === kinds.accepted) this.addon.close(a, false)
      else if ((kind & KIND_MASK) === kinds.reused && !this.#isLost(kind))
        this.reused.giveBack(this.#slice(kind, a, b))
      return
    }
    if (hasData(kind) && this.#isLost(kind)) {
      // What does not arrive must be noticed.
      socket.event(kinds.failed, constants.errno.EIO, 0)
    } else if ((kind & KIND_MASK) === kinds.datagram) {
      const data = this.#slice(kind, a & DATAGRAM_MASK, b & DATAGRAM_MASK)
      ;(socket as DatagramSocketEvents).datagram(
        data,
        this.senders.address(b >> DATAGRAM_BITS),
        a > DATAGRAM_MASK,
      )
    } else if ((kind & KIND_MASK) === kinds.chunk) {
      ;(socket as SocketEvents).chunk(this.#slice(kind, a, b))
    } else if ((kind & KIND_MASK) === kinds.reused) {
      this.reused.mark(this.#slabs[kind >> KIND_BITS] as ArrayBuffer)
      ;(socket as SocketEvents).chunk(this.#slice(kind, a, b))
    } else if (kind === kinds.credentials) {
      ;(socket as DatagramSocketEvents).credentials(a < 0 ? undefined : this.#slabs[a])
    } else {
      socket.event(kind, a, b)
    }
  }

  /**
   * Whether the program has transferred the memory of an event in this batch: Node 20 and 22 do not refuse each way to
   * do that (`pin`).
   */
  #isLost(kind: number): boolean {
    return (this.#slabs[kind >> KIND_BITS] as ArrayBuffer).byteLength === 0
  }

  #slice(kind: number, offset: number, length: number): Buffer {
    return Buffer.from(this.#slabs[kind >> KIND_BITS] as ArrayBuffer, offset, length)
  }

  /** Returns unsent bytes to the sockets that could not send everything, before more is gathered. */
  #returnStalled(): void {
    const shared = this.#shared
    const count = shared[header.stalls] as number
    shared[header.stalls] = 0
    for (let index = 0; index < count; index++) {
      const at = STALLS_AT + index * EVENT_WIDTH
      const slot = shared[at] as number
      const taken = shared[at + 1] as number
      ;(this.#sockets[slot] as SocketEvents | undefined)?.stalled(
        taken,
        shared[at + 2] as number,
        this.#gathered(slot).subarray(taken),
      )
    }
  }

  /** Returns everything that was gathered for a slot in the last flush. */
  #gathered(slot: number): Buffer {
    const shared = this.#shared
    const parts: Buffer[] = []
    const end = OPERATIONS_AT + (shared[header.flushed] as number) * EVENT_WIDTH
    for (let at = OPERATIONS_AT; at < end; at += EVENT_WIDTH) {
      if (shared[at] !== slot) continue
      const offset = shared[at + 1] as number
      parts.push(this.#out.subarray(offset, offset + (shared[at + 2] as number)))
    }
    return Buffer.concat(parts)
  }
}

function hasData(kind: number): boolean {
  const plain = kind & KIND_MASK
  return plain === kinds.chunk || plain === kinds.datagram || plain === kinds.reused
}

function notify(notifier: Notifier): void {
  notifier.notify()
}

function notifyAll(loop: Loop): void {
  loop.notifyAll()
}

/**
 * Rethrows an error of this package outside of the batch: the other events are delivered, and the error is uncaught
 * as usual.
 */
function report(error: unknown): void {
  process.nextTick(() => {
    throw error
  })
}
