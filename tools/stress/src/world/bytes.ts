import assert from 'node:assert/strict'

/** A stream begins with the number of its writer. All further bytes depend on that number, so every misplaced byte is noticed. */
const HEADER = 4
/** Neither a power of two nor the size of any buffer, so that a shift by one of those is noticed. */
const PERIOD = 7_919
const BODY = Buffer.from(Array.from({ length: PERIOD }, (_, at) => (at * 131 + (at >> 5)) & 0xff))
/** The number of writers that send garbage. */
const RUBBISH = 0

/** Returns bytes `from` to `to` of writer number `id`. */
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

/** The receiving end of a stream: reads the number of the writer, and compares all bytes with those of this writer. */
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

  /** @throws if these are not the next bytes */
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
