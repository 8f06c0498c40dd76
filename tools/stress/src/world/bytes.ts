import assert from 'node:assert/strict'

/** A stream begins with the number of its writer. What follows depends on that number, so that no byte can be misplaced unseen. */
const HEADER = 4
/** Not a power of two, nor the size of any buffer: what is moved by one of those shows. */
const PERIOD = 7_919
const BODY = Buffer.from(Array.from({ length: PERIOD }, (_, at) => (at * 131 + (at >> 5)) & 0xff))
/** The number of writers whose bytes mean nothing. */
const RUBBISH = 0

/** Bytes `from` to `to` of what writer number `id` writes. */
export function content(id: number, from: number, to: number): Buffer {
  const bytes = Buffer.allocUnsafe(to - from)
  const header = Buffer.alloc(HEADER)
  header.writeUInt32BE(id)
  let at = from < HEADER ? header.copy(bytes, 0, from, to) : 0
  while (at < bytes.length) {
    const begin = (from + at + id * 613) % PERIOD
    at += BODY.copy(bytes, at, begin)
  }
  return bytes
}

/** The receiving end of a stream: finds out who writes, and compares everything with what that writer writes. */
export class Received {
  #length = 0
  #header = Buffer.alloc(0)

  get length(): number {
    return this.#length
  }

  /** The writer's number, as soon as enough has arrived. */
  get writer(): number | undefined {
    return this.#header.length < HEADER ? undefined : this.#header.readUInt32BE()
  }

  /** @throws if this is not what comes next */
  add(chunk: Buffer): void {
    assert.ok(chunk.length > 0, 'an empty chunk')
    const missing = HEADER - this.#header.length
    if (missing > 0) this.#header = Buffer.concat([this.#header, chunk.subarray(0, missing)])
    const from = this.#length
    this.#length += chunk.length
    const { writer } = this
    if (writer === undefined || writer === RUBBISH) return
    const isRight = chunk.equals(content(writer, from, this.#length))
    assert.ok(isRight, `bytes ${from} to ${this.#length} from ${writer} are not those that were written`)
  }
}
