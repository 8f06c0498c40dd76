import type { Datagram } from '../channel.js'
import { rejected } from '../deferred.js'
import { SockError } from '../errors.js'
import type { DatagramPort } from './port.js'

/** What a waiting datagram costs beside its bytes, so that a flood of empty ones is bounded too. */
export const DATAGRAM_OVERHEAD = 128

interface Reader {
  readonly take: (datagram: Datagram) => void
  readonly end: () => void
  readonly fail: (error: Error) => void
}

/** Datagrams that wait for whoever reads, in order and within bounds; at most one reader waits. */
export class Mailbox {
  readonly #port: DatagramPort
  readonly #limit: number
  readonly #datagrams: Datagram[] = []
  #bytes = 0
  #isPaused = false
  #isOver = false
  #reader: Reader | undefined

  constructor(port: DatagramPort, limit: number) {
    this.#port = port
    this.#limit = limit
  }

  get isEmpty(): boolean {
    return this.#datagrams.length === 0
  }

  get hasReader(): boolean {
    return this.#reader !== undefined
  }

  /** @returns whether there was room */
  push(datagram: Datagram): boolean {
    const reader = this.#reader
    if (reader !== undefined) {
      this.#reader = undefined
      reader.take(datagram)
      return true
    }
    const cost = datagram.data.length + DATAGRAM_OVERHEAD
    const isFull = this.#bytes + cost > this.#limit
    // A port that can pause delivers little beyond the limit; what another one delivers has to be dropped.
    if (isFull && this.#port.pause === undefined && !this.isEmpty) return false
    this.#datagrams.push(datagram)
    this.#bytes += cost
    if (isFull && !this.#isPaused) {
      this.#isPaused = true
      this.#port.pause?.()
    }
    return true
  }

  shift(): Datagram | undefined {
    const datagram = this.#datagrams.shift()
    if (datagram === undefined) return undefined
    this.#bytes -= datagram.data.length + DATAGRAM_OVERHEAD
    if (this.#isPaused && this.#bytes <= this.#limit / 2) {
      this.#isPaused = false
      this.#port.resume?.()
    }
    return datagram
  }

  /** Nothing more will come: who waits sees the end. */
  finish(): void {
    this.#isOver = true
    this.endReader()
  }

  /** Who waits sees the end. */
  endReader(): void {
    const reader = this.#reader
    this.#reader = undefined
    reader?.end()
  }

  /** Who waits hears of an error; others are not concerned. @returns whether anybody waited */
  failReader(error: Error): boolean {
    const reader = this.#reader
    this.#reader = undefined
    reader?.fail(error)
    return reader !== undefined
  }

  /** @returns how many datagrams nobody will see */
  clear(): number {
    this.#bytes = 0
    return this.#datagrams.splice(0).length
  }

  /** The next datagram, as `take` makes it, or what `end` makes of the end. */
  next<T>(take: (datagram: Datagram) => T, end: T): Promise<T> {
    const datagram = this.shift()
    if (datagram !== undefined) return Promise.resolve(take(datagram))
    if (this.#isOver) return Promise.resolve(end)
    if (this.#reader !== undefined) {
      return rejected(new SockError('ERR_SOCK_INVALID_STATE', 'Cannot read: another read is waiting'))
    }
    return new Promise<T>((resolve, reject) => {
      this.#reader = {
        take: (taken) => resolve(take(taken)),
        end: () => resolve(end),
        fail: reject,
      }
    })
  }
}
