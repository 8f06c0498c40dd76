import { formatAddress, type Address } from '../address/address.js'
import { createDeferred, ignore, rejected, RESOLVED, type Deferred } from '../async/deferred.js'
import { createPromise, type Settler } from '../async/create-promise.js'
import { explainUnreachable } from '../errors/caller.js'
import { SockError } from '../errors/errors.js'
import { IndexedSet, type Indexed } from '../channel/indexed-set.js'
import { DATAGRAM_OVERHEAD } from './receive-queue.js'
import type { DatagramPort, DatagramSending } from './port.js'

/**
 * Bytes that may be queued for sending, including {@link DATAGRAM_OVERHEAD} each. Datagrams beyond that are rejected.
 */
export const MAX_SEND_QUEUE = 4 * 1024 * 1024
/** How long a datagram may wait for a receiver without room, in ms. */
const MAX_WAIT = 5_000
/** Delays between retries in ms: they begin with the first, and double up to the longest. */
const FIRST_RETRY = 1
const LONGEST_RETRY = 16

/**
 * No room now: Linux reports EAGAIN for the full queue of a Unix receiver, and ENOBUFS for the full queue of a
 * device.
 */
const NO_ROOM: ReadonlySet<unknown> = new Set(['EAGAIN', 'EWOULDBLOCK', 'ENOBUFS'])

/**
 * Datagrams on their way out. Each send settles, even when the port is closed meanwhile. A receiver without room
 * delays only the datagrams to itself, which keep their order. They are retried by timer, for a bounded time.
 */
export class SendQueue {
  readonly #port: DatagramPort
  readonly #pending = new IndexedSet<Sending>()
  /** Datagrams that wait for room, by destination. */
  readonly #waiting = new Map<string, DestinationQueue>()
  #bytes = 0
  #sent = 0
  #failed = 0
  #whenEmpty: Deferred<void> | undefined

  constructor(port: DatagramPort) {
    this.#port = port
  }

  /** Bytes that have not been sent yet. */
  get bytes(): number {
    return this.#bytes
  }

  get #cost(): number {
    return this.#bytes + this.#pending.size * DATAGRAM_OVERHEAD
  }

  /** Number of datagrams sent. */
  get sent(): number {
    return this.#sent
  }

  /** Number of datagrams that could not be sent. */
  get failed(): number {
    return this.#failed
  }

  send(data: Uint8Array, to: Address | undefined): Promise<void> {
    if (this.#pending.size > 0 && this.#cost + data.length + DATAGRAM_OVERHEAD > MAX_SEND_QUEUE) {
      this.#failed += 1
      return rejected(
        backpressure(
          to,
          `${this.#pending.size} datagrams with ${this.#bytes} bytes are queued already. Await send() before you send more`,
        ),
      )
    }
    const sending = new Sending(this, data, to)
    this.#bytes += data.length
    const queue = this.#waiting.size === 0 ? undefined : this.#waiting.get(this.#keyOf(to))
    if (queue === undefined) this.#port.send(data, to, sending)
    else {
      sending.since = performance.now()
      queue.sendings.push(sending)
    }
    // Most ports have answered by now, so most sends need not be stored.
    if (sending.isPending) this.#pending.add(sending)
    return sending.result()
  }

  /** A receiver may have room again. Retries at once, unless the last such notice was wrong. */
  portDrained(): void {
    for (const [key, queue] of this.#waiting) {
      if (queue.waitsForTimer) continue
      clearTimeout(queue.timer)
      queue.waitsForTimer = !this.#retry(key, queue)
    }
  }

  /** Resolves when everything has been sent or has failed. */
  whenEmpty(): Promise<void> {
    if (this.#pending.size === 0) return RESOLVED
    this.#whenEmpty ??= createDeferred()
    return this.#whenEmpty.promise
  }

  /** Fails everything that has not been sent. */
  clear(error: Error): void {
    for (const { timer } of this.#waiting.values()) clearTimeout(timer)
    this.#waiting.clear()
    for (const sending of this.#pending) this.#settle(sending, error)
  }

  /** Handles the port's answer to a send. */
  answered(sending: Sending, error?: Error): void {
    if (!sending.isPending) return
    if (error !== undefined && NO_ROOM.has((error as NodeJS.ErrnoException).code)) this.#wait(sending, error)
    else this.#settle(sending, this.#explained(sending, error))
  }

  #explained({ data }: Sending, error: Error | undefined): Error | undefined {
    if (isTooLarge(error)) return tooLarge(data.length, error)
    const peer = this.#port.remoteAddress
    return error === undefined || peer === undefined ? error : explainUnreachable(error, peer)
  }

  /** Whether an older datagram to the same receiver is waiting. */
  isBehind(sending: Sending): boolean {
    const first =
      this.#waiting.size === 0 ? undefined : this.#waiting.get(this.#keyOf(sending.to))?.sendings[0]
    return first !== undefined && first.order < sending.order
  }

  /** Returns the key of a destination. On a connected socket the peer has one key, named or not. */
  #keyOf(to: Address | undefined): string {
    const receiver = to ?? this.#port.remoteAddress
    return receiver === undefined ? '' : formatAddress(receiver)
  }

  #settle(sending: Sending, error?: Error): void {
    this.#pending.delete(sending)
    this.#bytes -= sending.data.length
    if (error === undefined) this.#sent += 1
    else this.#failed += 1
    sending.settle(error)
    if (this.#pending.size > 0) return
    this.#whenEmpty?.resolve()
    this.#whenEmpty = undefined
  }

  /** Queues a datagram for its destination, and fails those that have waited too long. */
  #wait(sending: Sending, error: Error): void {
    const key = this.#keyOf(sending.to)
    const queue = this.#waiting.get(key) ?? {
      sendings: [],
      retry: FIRST_RETRY,
      timer: undefined,
      waitsForTimer: false,
    }
    this.#waiting.set(key, queue)
    const now = performance.now()
    sending.since ||= now
    insert(queue.sendings, sending)
    for (let oldest; (oldest = queue.sendings[0]) !== undefined && now - oldest.since > MAX_WAIT;) {
      queue.sendings.shift()
      this.#settle(oldest, backpressure(oldest.to, `the receiver had no room within ${MAX_WAIT} ms`, error))
    }
    queue.timer ??= setTimeout(() => {
      queue.waitsForTimer = false
      this.#retry(key, queue)
    }, queue.retry)
    queue.retry = Math.min(2 * queue.retry, LONGEST_RETRY)
  }

  /** Sends the queued datagrams of a destination until there is no room. @returns whether any was sent or failed */
  #retry(key: string, queue: DestinationQueue): boolean {
    queue.timer = undefined
    const before = this.#pending.size
    for (let sending; queue.timer === undefined && (sending = queue.sendings.shift()) !== undefined;) {
      const { size } = this.#pending
      this.#port.send(sending.data, sending.to, sending)
      // There was room: begin with the shortest delay again.
      if (this.#pending.size < size) queue.retry = FIRST_RETRY
    }
    if (queue.timer === undefined) this.#waiting.delete(key)
    return this.#pending.size < before
  }
}

interface DestinationQueue {
  readonly sendings: Sending[]
  retry: number
  timer: NodeJS.Timeout | undefined
  /** The last notice of room was wrong: only the timer retries now. */
  waitsForTimer: boolean
}

let lastOrder = 0

/** One datagram on its way out. It creates a promise only if the port has not answered synchronously. */
class Sending implements DatagramSending, Indexed, Settler {
  index = -1
  readonly data: Uint8Array
  readonly to: Address | undefined
  readonly order = ++lastOrder
  /** When it first had to wait. */
  since = 0
  readonly #queue: SendQueue
  #state: 'sent' | 'pending' | Error = 'pending'
  #promise: Promise<void> | undefined
  resolve!: () => void
  reject!: (error: Error) => void

  constructor(queue: SendQueue, data: Uint8Array, to: Address | undefined) {
    this.#queue = queue
    this.data = data
    this.to = to
  }

  get isPending(): boolean {
    return this.#state === 'pending'
  }

  done(error?: Error | null): void {
    this.#queue.answered(this, error ?? undefined)
  }

  isBehind(): boolean {
    return this.#queue.isBehind(this)
  }

  result(): Promise<void> {
    if (this.#state === 'sent') return RESOLVED
    if (this.#state !== 'pending') return rejected(this.#state)
    return (this.#promise = createPromise<void>(this))
  }

  settle(error?: Error): void {
    this.#state = error ?? 'sent'
    if (this.#promise === undefined) return
    if (error === undefined) this.resolve()
    else {
      // The caller may not await it.
      this.#promise.catch(ignore)
      this.reject(error)
    }
  }
}

/** Inserts in sending order: several may be tried before the first refusal comes back. */
function insert(sendings: Sending[], sending: Sending): void {
  const at = sendings.findIndex((other) => other.order > sending.order)
  sendings.splice(at === -1 ? sendings.length : at, 0, sending)
}

/** The system knows limits that the port does not: of the peer's address family, or of the send buffer. */
function isTooLarge(error: NodeJS.ErrnoException | undefined): error is Error {
  return error?.code === 'EMSGSIZE'
}

function tooLarge(length: number, cause: Error): SockError {
  const message = `Cannot send ${length} bytes in one datagram: more than the system allows`
  return new SockError('ERR_SOCK_MESSAGE_TOO_LARGE', message, { cause })
}

function backpressure(to: Address | undefined, why: string, cause?: Error): SockError {
  const message = `Cannot send${to === undefined ? '' : ` to "${to}"`}: ${why}`
  return new SockError('ERR_SOCK_BACKPRESSURE', message, cause === undefined ? {} : { cause })
}
