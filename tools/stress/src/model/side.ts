import assert from 'node:assert/strict'
import type { Connection } from '@sock/core'
import { content, Received } from './bytes.js'
import { oneOf, Oops, type Pledges } from './pledges.js'

/** What any operation may reject with, once the connection is over. */
const OVER = ['ERR_SOCK_CLOSED', 'ERR_SOCK_RESET', 'ERR_SOCK_IDLE_TIMEOUT', 'ERR_SOCK_DRAINING'] as const

/** A second reader at a time is refused, and so is any where a callback or another one has the input. */
const READING = oneOf(...OVER, 'ERR_SOCK_INVALID_STATE')

let count = 0

/** One side of a connection, with all that it wrote and read. */
export class Side {
  /** Unique, and the first bytes of what it writes. */
  readonly id = (count += 1)
  readonly received = new Received()
  /** Bytes that were given to `write()`. */
  sent = 0
  /** Of those, how many the library has said that they left: by `close()`, `closeWrite()` or a clean end. */
  acknowledged: number | undefined
  /** It has read to the end, and nothing on this side made that end. */
  sawEnd = false
  /** It wants no more input, so the end that it sees is its own. */
  #isDeaf = false

  readonly role: 'client' | 'server'
  readonly connection: Connection
  readonly #pledges: Pledges
  readonly #mayEndEarly: () => boolean

  /** @param mayEndEarly whether an end of the input may come from this side's own server */
  constructor(
    role: 'client' | 'server',
    connection: Connection,
    pledges: Pledges,
    mayEndEarly: () => boolean = () => false,
  ) {
    this.role = role
    this.connection = connection
    this.#pledges = pledges
    this.#mayEndEarly = mayEndEarly
  }

  write(length: number): void {
    const { connection, sent } = this
    const before = connection.bytesWritten
    const mayWrite = connection.isOpen
    const writing = connection.write(content(this.id, sent, sent + length))
    // An observer that is told of the write may close the connection: then nothing of it was taken.
    const wasOpen = mayWrite && (connection.isOpen || connection.bytesWritten > before)
    if (wasOpen) this.sent += length
    const judge = wasOpen ? oneOf(...OVER) : oneOf('ERR_SOCK_CLOSED')
    const fulfilled = (): void => assert.ok(wasOpen, 'written to a closed connection')
    this.#pledges.keep(`write() of ${this.#name}`, writing, fulfilled, judge)
  }

  /** Reads up to `howOften` times, to the end or an error at most. @returns what resolves then, and never rejects */
  async read(howOften: number): Promise<void> {
    for (let turn = 0; turn < howOften; turn++) {
      if (await this.#take(this.connection.read())) return
    }
  }

  /** Reads with a loop, and leaves that early. */
  async loop(chunks: number): Promise<void> {
    const looping = this.#iterate(chunks)
    this.#pledges.keep(`for await of ${this.#name}`, looping, () => {}, READING)
    await looping.catch(() => {})
  }

  async #iterate(chunks: number): Promise<void> {
    let left = chunks
    for await (const chunk of this.connection) {
      this.heard(chunk)
      left -= 1
      if (left === 0) {
        this.#isDeaf = true
        break
      }
    }
    if (left > 0) this.ended()
  }

  #take(reading: Promise<Buffer | null>): Promise<boolean> {
    return new Promise((resolve) => {
      const fulfilled = (chunk: Buffer | null): void => {
        resolve(chunk === null)
        if (chunk === null) this.ended()
        else this.heard(chunk)
      }
      this.#pledges.keep(`read() of ${this.#name}`, reading, fulfilled, (error) => {
        resolve(true)
        READING(error)
      })
    })
  }

  /** A chunk has come, however. */
  heard(chunk: Buffer): void {
    this.#pledges.guard(() => this.received.add(chunk))
  }

  /** The end of the input has come, however. */
  ended(): void {
    if (!this.#isDeaf && !this.#mayEndEarly()) this.sawEnd = true
  }

  /** Somebody else on this side ends the input: the handler, by returning. */
  deafen(): void {
    this.#isDeaf = true
  }

  closeRead(): void {
    this.#isDeaf = true
    this.connection.closeRead()
  }

  closeWrite(): void {
    const { sent } = this
    const closing = this.connection.closeWrite()
    const fulfilled = (): void => void (this.acknowledged ??= sent)
    this.#pledges.keep(`closeWrite() of ${this.#name}`, closing, fulfilled, oneOf(...OVER))
  }

  close(): Promise<void> {
    this.#isDeaf = true
    const { sent, connection } = this
    const wasOpen = connection.isOpen
    const closing = connection.close()
    this.#pledges.keep(
      `close() of ${this.#name}`,
      closing,
      () => {
        // Of one that was over before, close() says only that it is.
        if (wasOpen) this.acknowledged ??= sent
      },
      oneOf(...OVER),
    )
    return closing.catch(() => {})
  }

  destroy(how: 'plain' | 'with an error'): void {
    this.#isDeaf = true
    this.connection.destroy(how === 'plain' ? undefined : new Oops('the model destroys'))
  }

  get #name(): string {
    return `${this.role} ${this.id}`
  }

  /** What holds at any time. */
  check(): void {
    const { connection, received, sent } = this
    assert.equal(connection.bytesWritten, sent, `bytesWritten of ${this.#name}`)
    assert.ok(connection.bytesRead >= received.length, `${this.#name} got more than it read`)
  }
}

/**
 * Compares what was written with what was read, now that everything is over.
 *
 * @returns how many streams came to a clean end on both sides, and so had to be equal
 */
export function compareStreams(sides: readonly Side[]): number {
  const byId = new Map(sides.map((side) => [side.id, side]))
  const readers = new Map<number, Side>()
  let equal = 0
  for (const reader of sides) {
    const { received } = reader
    if (received.writer === undefined) continue
    const writer = byId.get(received.writer)
    // A peer may be gone before the model got hold of it, but it must have been one.
    if (writer === undefined) continue
    assert.notEqual(writer.role, reader.role, `${reader.id} got what was meant for another`)
    assert.equal(readers.has(writer.id), false, `two have read what ${writer.id} wrote`)
    readers.set(writer.id, reader)
    assert.ok(received.length <= writer.sent, `${reader.id} read more than ${writer.id} wrote`)
    if (!reader.sawEnd || writer.acknowledged === undefined) continue
    assert.equal(
      received.length,
      writer.acknowledged,
      `what ${writer.id} wrote, and ${reader.id} read to its end`,
    )
    equal += 1
  }
  return equal
}
