import { formatAddress, type Address } from '../address/address.js'
import { createDeferred, ignore, rejected, RESOLVED, type Deferred } from '../async/deferred.js'
import { keptPromise, type PromiseKeeper } from '../async/kept-promise.js'
import { SockError } from '../errors/errors.js'
import { IndexedSet, type Indexed } from '../channel/indexed-set.js'
import { DATAGRAM_OVERHEAD } from './receive-queue.js'
import type { DatagramPort, DatagramSending } from './port.js'

/** Bytes that may be on their way out, with {@link DATAGRAM_OVERHEAD} for each; beyond that further ones are refused. */
export const MAX_SEND_QUEUE = 4 * 1024 * 1024
/** How long a datagram may wait for a receiver that has no room, in ms. */
const MAX_WAIT = 5_000
/** After a refusal the first look is this many ms later, the next after twice the time, and so on to the longest. */
const FIRST_RETRY = 1
const LONGEST_RETRY = 16

/** No room now: Linux says EAGAIN for a full queue of a Unix receiver, and ENOBUFS for a full queue of a device. */
const NO_ROOM: ReadonlySet<unknown> = new Set(['EAGAIN', 'EWOULDBLOCK', 'ENOBUFS'])

/**
 * What is on its way out. Each send is settled, also when the port is closed meanwhile. A receiver without room holds up
 * nobody but those who send to it, in their order, by looking again now and then, and for a bounded time.
 */
export class SendQueue {
  readonly #port: DatagramPort
  readonly #pending = new IndexedSet<Sending>()
  /** By destination: those who wait for room, oldest first. */
  readonly #waiting = new Map<string, Line>()
  #bytes = 0
  #sent = 0
  #failed = 0
  #whenEmpty: Deferred<void> | undefined

  constructor(port: DatagramPort) {
    this.#port = port
  }

  /** Bytes that have not left yet. */
  get bytes(): number {
    return this.#bytes
  }

  get #cost(): number {
    return this.#bytes + this.#pending.size * DATAGRAM_OVERHEAD
  }

  /** Datagrams that have left. */
  get sent(): number {
    return this.#sent
  }

  /** Datagrams that could not be sent. */
  get failed(): number {
    return this.#failed
  }

  send(data: Uint8Array, to: Address | undefined): Promise<void> {
    if (this.#pending.size > 0 && this.#cost + data.length + DATAGRAM_OVERHEAD > MAX_SEND_QUEUE) {
      this.#failed += 1
      return rejected(
        backpressure(to, `${this.#pending.size} datagrams with ${this.#bytes} bytes are on their way out`),
      )
    }
    const sending = new Sending(this, data, to)
    this.#bytes += data.length
    const line = this.#waiting.size === 0 ? undefined : this.#waiting.get(this.#lineOf(to))
    if (line === undefined) this.#port.send(data, to, sending)
    else {
      sending.since = performance.now()
      line.sendings.push(sending)
    }
    // Most ports have answered by now, and then there is nothing to remember.
    if (sending.isPending) this.#pending.add(sending)
    return sending.result()
  }

  /** Someone who was refused may have room again: looks at once, unless the last time it was for nothing. */
  roomAgain(): void {
    for (const [key, line] of this.#waiting) {
      if (line.isDeaf) continue
      clearTimeout(line.timer)
      line.isDeaf = !this.#retry(key, line)
    }
  }

  /** Resolves when everything has left or failed. */
  whenEmpty(): Promise<void> {
    if (this.#pending.size === 0) return RESOLVED
    this.#whenEmpty ??= createDeferred()
    return this.#whenEmpty.promise
  }

  /** Fails everything that has not left. */
  clear(error: Error): void {
    for (const { timer } of this.#waiting.values()) clearTimeout(timer)
    this.#waiting.clear()
    for (const sending of this.#pending) this.#settle(sending, error)
  }

  /** The port has answered. */
  answered(sending: Sending, error?: Error): void {
    if (!sending.isPending) return
    if (error !== undefined && NO_ROOM.has((error as NodeJS.ErrnoException).code)) this.#wait(sending, error)
    else this.#settle(sending, isTooLarge(error) ? tooLarge(sending.data.length, error) : error)
  }

  /** Whether one to the same receiver waits that is older. */
  isBehind(sending: Sending): boolean {
    const first =
      this.#waiting.size === 0 ? undefined : this.#waiting.get(this.#lineOf(sending.to))?.sendings[0]
    return first !== undefined && first.order < sending.order
  }

  /** Of a connected socket all that goes to the peer is in one, whether it is named or not. */
  #lineOf(to: Address | undefined): string {
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

  /** Puts a sending in its line, or gives it up, with all who have waited too long. */
  #wait(sending: Sending, error: Error): void {
    const key = this.#lineOf(sending.to)
    const line = this.#waiting.get(key) ?? {
      sendings: [],
      retry: FIRST_RETRY,
      timer: undefined,
      isDeaf: false,
    }
    this.#waiting.set(key, line)
    const now = performance.now()
    sending.since ||= now
    insert(line.sendings, sending)
    for (let oldest; (oldest = line.sendings[0]) !== undefined && now - oldest.since > MAX_WAIT;) {
      line.sendings.shift()
      this.#settle(oldest, backpressure(oldest.to, 'the receiver does not read', error))
    }
    line.timer ??= setTimeout(() => {
      line.isDeaf = false
      this.#retry(key, line)
    }, line.retry)
    line.retry = Math.min(2 * line.retry, LONGEST_RETRY)
  }

  /** Sends from a line until there is no room again. @returns whether anything has left or failed */
  #retry(key: string, line: Line): boolean {
    line.timer = undefined
    const before = this.#pending.size
    for (let sending; line.timer === undefined && (sending = line.sendings.shift()) !== undefined;) {
      const { size } = this.#pending
      this.#port.send(sending.data, sending.to, sending)
      // Something got through: whoever waits next is looked after soon again.
      if (this.#pending.size < size) line.retry = FIRST_RETRY
    }
    if (line.timer === undefined) this.#waiting.delete(key)
    return this.#pending.size < before
  }
}

interface Line {
  readonly sendings: Sending[]
  retry: number
  timer: NodeJS.Timeout | undefined
  /** The last time that room was announced there was none: look again when the timer says so, and not before. */
  isDeaf: boolean
}

let lastOrder = 0

/** One datagram on its way. It makes a promise only if the port has not answered at once. */
class Sending implements DatagramSending, Indexed, PromiseKeeper {
  place = -1
  readonly data: Uint8Array
  readonly to: Address | undefined
  readonly order = ++lastOrder
  /** When it had to wait for the first time. */
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
    return (this.#promise = keptPromise<void>(this))
  }

  settle(error?: Error): void {
    this.#state = error ?? 'sent'
    if (this.#promise === undefined) return
    if (error === undefined) this.resolve()
    else {
      // It may be that nobody waits.
      this.#promise.catch(ignore)
      this.reject(error)
    }
  }
}

/** Keeps the order of sending: refusals may come back one by one, after several were tried. */
function insert(sendings: Sending[], sending: Sending): void {
  const at = sendings.findIndex((other) => other.order > sending.order)
  sendings.splice(at === -1 ? sendings.length : at, 0, sending)
}

/** The system knows limits that the port does not: those of the peer's family, or of the send buffer. */
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
