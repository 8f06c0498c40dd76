import type { Address } from '@sock/core'
import { RESERVED_DESCRIPTORS } from '@sock/core/stream'
import type { AsyncResource } from 'node:async_hooks'
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
import { Posts } from './posts.js'
import { Senders } from './senders.js'

/** What has an asynchronous context of its own, as each socket of Node's has: what one enters, no other sees. */
interface Scoped {
  /** What it is told runs in this; `undefined` for what calls nobody, or sees to it itself. */
  readonly scope: AsyncResource | undefined
}

/** Made with these options a resource costs nothing at garbage collection; `emitDestroy()` has to be called. */
export const DESTROYED_BY_HAND = { requireManualDestroy: true }

/** What the socket in a slot is told: a listener, a connection, an attempt to connect. */
export interface SocketEvents extends Scoped {
  /** Bytes from the peer, which are given away. */
  chunk(data: Buffer): void
  /** Another event, of one of {@link kinds}. */
  event(kind: number, a: number, b: number): void
  /** Of what was gathered for it only so many bytes went out; it gets the rest back. `errno` is 0 if there was no room. */
  stalled(taken: number, errno: number, rest: Buffer): void
}

/** What the datagram socket in a slot is told. */
export interface DatagramSocketEvents extends Scoped {
  datagram(data: Buffer, from: Address | undefined, truncated: boolean): void
  /** Of the datagrams that follow. */
  credentials(value: unknown): void
  event(kind: number, a: number, b: number): void
}

/** A socket that has something to tell, but only after the call that brought it about. */
export interface Notifier {
  readonly scope: AsyncResource
  notify(): void
}

/** Writes up to this size are copied and gathered; for larger ones a system call of their own costs less than the copy. */
const MAX_GATHERED = 4096
/** When a batch takes longer than this, in ms, what it has written so far does not wait for its end. */
const PATIENCE = 1
/** The clock is looked at once in so many writes. */
const CLOCK_MASK = 3

const EVENTS_AT = EVENT_WIDTH
const OPERATIONS_AT = EVENTS_AT + MAX_EVENTS * EVENT_WIDTH
const STALLS_AT = OPERATIONS_AT + MAX_OPERATIONS * EVENT_WIDTH
const KIND_MASK = (1 << KIND_BITS) - 1
const DATAGRAM_MASK = (1 << DATAGRAM_BITS) - 1

/** The environment's side of the addon: hands its batches to the sockets in the slots, and gathers what they write meanwhile. */
export class Loop {
  readonly addon: Addon
  /** Grows with each flush, so that a socket knows whether what it has gathered is out. */
  flushes = 0
  readonly senders = new Senders()
  #posts: Posts | undefined

  readonly #shared: Int32Array
  readonly #out: Buffer
  readonly #slabs: unknown[]
  readonly #sockets: (SocketEvents | DatagramSocketEvents | undefined)[] = []
  #outUsed = 0
  #began = 0
  #notifiers: Notifier[] = []
  #willNotify = false

  constructor(addon: Addon) {
    this.addon = addon
    const { shared, out, slabs } = addon.start((count) => this.#dispatch(count), RESERVED_DESCRIPTORS)
    this.#shared = new Int32Array(shared)
    this.#out = Buffer.from(out)
    this.#slabs = slabs
  }

  /** What datagram sockets send in batches. Made when the first of them asks. */
  get posts(): Posts {
    return (this.#posts ??= new Posts(this.addon))
  }

  register(slot: number, socket: SocketEvents | DatagramSocketEvents): void {
    this.#sockets[slot] = socket
  }

  /** Closes the descriptor: no more events come. */
  close(slot: number, withReset = false): void {
    this.#sockets[slot] = undefined
    this.addon.close(slot, withReset)
  }

  /**
   * Keeps a copy of the bytes until the batch is over, if there is a batch, and they are few.
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
      // What the slot had gathered may have stalled in this: then the bytes must queue up behind it.
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
    if ((count & CLOCK_MASK) === 0 && performance.now() - this.#began > PATIENCE) this.flush()
    return true
  }

  /** Sends what was gathered now. */
  flush(): void {
    this.flushes += 1
    if (this.addon.flush() > 0) this.#returnStalled()
  }

  /** Calls `settle()` once whoever is running has returned. */
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
    this.#posts?.begin(this.#began)
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
    this.#posts?.end()
    this.#slabs.length = 0
    this.notifyAll()
  }

  /** Made once: this is called in the scope of a socket. */
  readonly #deliverIn = (at: number): void => this.#deliver(at)

  #deliver(at: number): void {
    const shared = this.#shared
    const socket = this.#sockets[shared[at] as number]
    const kind = shared[at + 1] as number
    const a = shared[at + 2] as number
    const b = shared[at + 3] as number
    // It concerns all sockets.
    if (kind === kinds.sender) this.senders.add(a, this.#slabs[b])
    if (socket === undefined) {
      // Closed by an event that came before it in the same batch. Nobody else would close a peer that was accepted for it.
      if (kind === kinds.accepted) this.addon.close(a, false)
      return
    }
    if ((kind & KIND_MASK) === kinds.datagram) {
      const data = this.#slice(kind, a & DATAGRAM_MASK, b & DATAGRAM_MASK)
      ;(socket as DatagramSocketEvents).datagram(
        data,
        this.senders.address(b >> DATAGRAM_BITS),
        a > DATAGRAM_MASK,
      )
    } else if ((kind & KIND_MASK) === kinds.chunk) {
      ;(socket as SocketEvents).chunk(this.#slice(kind, a, b))
    } else if (kind === kinds.credentials) {
      ;(socket as DatagramSocketEvents).credentials(this.#slabs[a])
    } else {
      socket.event(kind, a, b)
    }
  }

  #slice(kind: number, offset: number, length: number): Buffer {
    return Buffer.from(this.#slabs[kind >> KIND_BITS] as ArrayBuffer, offset, length)
  }

  /** Sockets that could not send everything get back what is left, before anything else is gathered. */
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

  /** Everything that was gathered for a slot in the last flush. */
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

function notify(notifier: Notifier): void {
  notifier.notify()
}

function notifyAll(loop: Loop): void {
  loop.notifyAll()
}

/** An error of ours, which must not take the rest of the batch with it: the process hears of it as of any other. */
function report(error: unknown): void {
  process.nextTick(() => {
    throw error
  })
}
