import type { Address } from '../address/address.js'
import type { PeerCredentials } from '../channel/channel.js'
import { rejected } from '../async/deferred.js'
import { keptPromise, type PromiseKeeper } from '../async/kept-promise.js'
import { SockError } from '../errors/errors.js'
import type { ReadLimit } from '../channel/read-limit.js'
import type { DatagramPort } from './port.js'

/** What a waiting datagram costs beside its bytes, so that a flood of empty ones is bounded too. */
export const DATAGRAM_OVERHEAD = 128

/** What a reader makes of a datagram. What is not asked for is not made. */
export type Take<T> = (
  data: Buffer,
  from: Address | undefined,
  truncated: boolean,
  credentials: PeerCredentials | undefined,
) => T

/** Datagrams that wait for a reader, in order and within bounds; at most one reader waits. */
export class ReceiveQueue implements PromiseKeeper {
  readonly #port: Pick<DatagramPort, 'pause' | 'resume'>
  readonly #limit: number
  /** The sender of what was taken last; `null`: nothing was taken yet. */
  sender: Address | undefined | null = null
  /** What the system tells of that sender. */
  credentials: PeerCredentials | undefined = undefined
  /** Datagrams that were taken so far. */
  taken = 0
  readonly #datagrams: WaitingDatagram[] = []
  #bytes = 0
  #isPaused = false
  #isOver = false
  /** What the reader that waits makes of a datagram; `undefined` when none waits. */
  #take: Take<unknown> | undefined
  #end: unknown
  /** How long that reader waits, if not for ever. */
  #readLimit: ReadLimit | undefined
  resolve!: (value: never) => void
  reject!: (error: unknown) => void

  constructor(port: Pick<DatagramPort, 'pause' | 'resume'>, limit: number) {
    this.#port = port
    this.#limit = limit
  }

  get isEmpty(): boolean {
    return this.#datagrams.length === 0
  }

  get hasReader(): boolean {
    return this.#take !== undefined
  }

  /** @returns whether there was room */
  push(data: Buffer, from: Address | undefined, truncated: boolean, credentials?: PeerCredentials): boolean {
    const take = this.#take
    if (take !== undefined) {
      this.#stopWaiting()
      this.took(from, credentials)
      this.resolve(take(data, from, truncated, credentials) as never)
      return true
    }
    const cost = data.length + DATAGRAM_OVERHEAD
    const isFull = this.#bytes + cost > this.#limit
    // A port that can pause delivers little beyond the limit; what another one delivers has to be dropped.
    if (isFull && this.#port.pause === undefined && !this.isEmpty) return false
    this.#datagrams.push({ data, from, truncated, credentials })
    this.#bytes += cost
    if (isFull && !this.#isPaused) {
      this.#isPaused = true
      this.#port.pause?.()
    }
    return true
  }

  /** Somebody gets a datagram from this sender just now. */
  took(from: Address | undefined, credentials: PeerCredentials | undefined): void {
    this.taken += 1
    this.sender = from
    this.credentials = credentials
  }

  /** Takes the oldest out, for nobody yet. */
  shift(): WaitingDatagram | undefined {
    const datagram = this.#datagrams.shift()
    if (datagram === undefined) return undefined
    this.#bytes -= datagram.data.length + DATAGRAM_OVERHEAD
    if (this.#isPaused && this.#bytes <= this.#limit / 2) {
      this.#isPaused = false
      this.#port.resume?.()
    }
    return datagram
  }

  /** Nothing more will come: a reader that waits sees the end. */
  finish(): void {
    this.#isOver = true
    this.endReader()
  }

  /** A reader that waits sees the end. */
  endReader(): void {
    if (this.#take === undefined) return
    this.#stopWaiting()
    this.resolve(this.#end as never)
  }

  /** A reader that waits gets the error; others are not concerned. @returns whether one waited */
  failReader(error: unknown): boolean {
    if (this.#take === undefined) return false
    this.#stopWaiting()
    this.reject(error)
    return true
  }

  /** @returns how many datagrams are lost with it */
  clear(): number {
    this.#bytes = 0
    return this.#datagrams.splice(0).length
  }

  /** The next datagram, as `take` makes it, or what `end` makes of the end. */
  next<T>(take: Take<T>, end: T, readLimit?: ReadLimit): Promise<T> {
    const datagram = this.shift()
    if (datagram !== undefined) {
      const { data, from, truncated, credentials } = datagram
      this.took(from, credentials)
      return Promise.resolve(take(data, from, truncated, credentials))
    }
    if (this.#isOver) return Promise.resolve(end)
    if (this.#take !== undefined) {
      return rejected(new SockError('ERR_SOCK_INVALID_STATE', 'Cannot read: another read is waiting'))
    }
    this.#take = take
    this.#end = end
    if (readLimit !== undefined) {
      this.#readLimit = readLimit
      readLimit.start((reason) => this.failReader(reason))
    }
    return keptPromise<T>(this)
  }

  #stopWaiting(): void {
    this.#take = undefined
    if (this.#readLimit === undefined) return
    this.#readLimit.stop()
    this.#readLimit = undefined
  }
}

interface WaitingDatagram {
  readonly data: Buffer
  readonly from: Address | undefined
  readonly truncated: boolean
  readonly credentials: PeerCredentials | undefined
}
