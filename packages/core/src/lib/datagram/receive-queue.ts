import type { Address } from '../address/address.js'
import type { PeerCredentials } from '../channel/channel.js'
import { rejected } from '../async/deferred.js'
import { createPromise, type Settler } from '../async/create-promise.js'
import { SockError } from '../errors/errors.js'
import type { ReadLimit } from '../channel/read-limit.js'
import type { DatagramPort } from './port.js'

/** Bytes counted per queued datagram besides its content, so that a flood of empty ones is bounded too. */
export const DATAGRAM_OVERHEAD = 128

/** Builds a reader's result from a datagram, so that only what the reader needs is created. */
export type Take<T> = (
  data: Buffer,
  from: Address | undefined,
  truncated: boolean,
  credentials: PeerCredentials | undefined,
) => T

/** Datagrams that wait for a reader, in order and within bounds. At most one reader waits. */
export class ReceiveQueue implements Settler {
  readonly #port: Pick<DatagramPort, 'pause' | 'resume'>
  readonly #limit: number
  /** The sender of the datagram taken last; `null` if none was taken yet. */
  sender: Address | undefined | null = null
  /** The process behind that sender, if the system reports it. */
  credentials: PeerCredentials | undefined = undefined
  /** Number of datagrams taken so far. */
  taken = 0
  readonly #datagrams: WaitingDatagram[] = []
  #bytes = 0
  #isPaused = false
  #isOver = false
  /** Builds the waiting reader's result; `undefined` when no reader waits. */
  #take: Take<unknown> | undefined
  #end: unknown
  /** Limits that reader's wait, if it is limited. */
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

  /** Adds a datagram, or passes it to the waiting reader. @returns whether there was room */
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
    // A port that can pause delivers little beyond the limit. What a port without pause delivers must be dropped.
    if (isFull && this.#port.pause === undefined && !this.isEmpty) return false
    this.#datagrams.push({ data, from, truncated, credentials })
    this.#bytes += cost
    if (isFull && !this.#isPaused) {
      this.#isPaused = true
      this.#port.pause?.()
    }
    return true
  }

  /** Remembers the sender of the datagram that is being delivered. */
  took(from: Address | undefined, credentials: PeerCredentials | undefined): void {
    this.taken += 1
    this.sender = from
    this.credentials = credentials
  }

  /** Removes and returns the oldest datagram. */
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

  /** Marks the end of the input: a waiting reader gets the end. */
  end(): void {
    this.#isOver = true
    this.endReader()
  }

  /** Gives a waiting reader the end of the input. */
  endReader(): void {
    if (this.#take === undefined) return
    this.#stopWaiting()
    this.resolve(this.#end as never)
  }

  /** Rejects a waiting read; later reads are not affected. @returns whether one was waiting */
  failReader(error: unknown): boolean {
    if (this.#take === undefined) return false
    this.#stopWaiting()
    this.reject(error)
    return true
  }

  /** Drops all queued datagrams. @returns how many */
  clear(): number {
    this.#bytes = 0
    return this.#datagrams.splice(0).length
  }

  /** Resolves with `take(…)` of the next datagram, or with `end` at the end of the input. */
  next<T>(take: Take<T>, end: T, readLimit?: ReadLimit): Promise<T> {
    const datagram = this.shift()
    if (datagram !== undefined) {
      const { data, from, truncated, credentials } = datagram
      this.took(from, credentials)
      return Promise.resolve(take(data, from, truncated, credentials))
    }
    if (this.#isOver) return Promise.resolve(end)
    if (this.#take !== undefined) {
      return rejected(
        new SockError('ERR_SOCK_INVALID_STATE', 'Cannot read: another read is waiting. Await it first'),
      )
    }
    this.#take = take
    this.#end = end
    if (readLimit !== undefined) {
      this.#readLimit = readLimit
      readLimit.start((reason) => this.failReader(reason))
    }
    return createPromise<T>(this)
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
