import assert from 'node:assert/strict'

/** A stream begins with the number of its writer. All further bytes depend on that number, so every misplaced byte is noticed. */
const HEADER = 6
/** Neither a power of two nor the size of any buffer, so that a shift by one of those is noticed. */
const PERIOD = 7_919
const BODY = Buffer.from(Array.from({ length: PERIOD }, (_, at) => (at * 131 + (at >> 5)) & 0xff))
/** The number of writers that send garbage. */
const RUBBISH = 0

/** Returns bytes `from` to `to` of writer number `id`. */
export function content(id: number, from: number, to: number): Buffer {
  const bytes = Buffer.allocUnsafe(to - from)
  const header = Buffer.alloc(HEADER)
  header.writeUIntBE(id, 0, HEADER)
  let at = from < HEADER ? header.copy(bytes, 0, from, to) : 0
  while (at < bytes.length) {
    const begin = (from + at + (id % PERIOD) * 613) % PERIOD
    at += BODY.copy(bytes, at, begin)
  }
  return bytes
}

/**
 * Transfers the memory of a chunk, as to a worker: a program may do so with what it was given, and no byte of others may be
 * missing then. The owner of that memory may refuse it.
 */
export function transfer(chunk: Buffer | undefined): void {
  const memory = chunk?.buffer as ArrayBuffer | undefined
  if (memory === undefined) return
  try {
    structuredClone(memory, { transfer: [memory] })
  } catch (error) {
    assert.equal((error as Error).name, 'DataCloneError')
  }
}

/** What one end has received. */
export interface Input {
  /** In bytes, or the number of datagrams. */
  readonly length: number
  /** The writer's number, as soon as enough has arrived. */
  readonly writer: number | undefined
  /** @throws if this is not what had to come next */
  add(data: Buffer): void
}

/** The receiving end of a stream: reads the number of the writer, and compares all bytes with those of this writer. */
export class Stream implements Input {
  #length = 0
  #header = Buffer.alloc(0)

  get length(): number {
    return this.#length
  }

  get writer(): number | undefined {
    return this.#header.length < HEADER ? undefined : this.#header.readUIntBE(0, HEADER)
  }

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

/** What a datagram begins with, so that another process can check that it is complete. */
interface DatagramHead {
  /** The number of the client that sends or receives it. */
  readonly client: number
  /** Its number among the datagrams in the same direction, from 1. */
  readonly number: number
  /** How many answers a request asks for. */
  readonly wanted: number
}
const DATAGRAM_HEADER = 16

/** Returns a datagram that has no room for a head. Its bytes are its length, so that a changed one is noticed. */
const crumbOf = (length: number): Buffer => Buffer.alloc(length, length)
export const isCrumb = ({ length }: { readonly length: number }): boolean => length < DATAGRAM_HEADER

function encode({ client, number, wanted }: DatagramHead, length: number): Buffer {
  const data = Buffer.alloc(length, (client + 31 * number + length) & 0xff)
  data.writeUIntBE(client, 0, 6)
  data.writeUInt32BE(number, 6)
  data.writeUInt16BE(wanted, 10)
  data.writeUInt32BE(length, 12)
  return data
}

/** Returns the next datagram of a writer, which does not count crumbs. @param size of all of it */
export const encodeDatagram = (
  writer: { sent: number },
  client: number,
  wanted: number,
  size: number,
): Buffer =>
  isCrumb({ length: size }) ? crumbOf(size) : encode({ client, number: (writer.sent += 1), wanted }, size)

/** @returns `undefined` for a crumb @throws if the datagram is incomplete or changed */
export function readDatagram(data: Buffer): DatagramHead | undefined {
  if (isCrumb(data)) {
    assert.ok(data.equals(crumbOf(data.length)), `a crumb is changed: ${data.toString('hex')}`)
    return undefined
  }
  const head = { client: data.readUIntBE(0, 6), number: data.readUInt32BE(6), wanted: data.readUInt16BE(10) }
  assert.ok(data.equals(encode(head, data.length)), 'a datagram is changed')
  return head
}

/** The receiving end of datagrams: each may come once, and none after a later one. Crumbs may come and go. */
export class Datagrams implements Input {
  length = 0
  writer: number | undefined
  #last = 0

  add(data: Buffer): void {
    const head = readDatagram(data)
    if (head === undefined) return
    const { client, number } = head
    assert.ok(number > this.#last, `datagram ${number} came after ${this.#last}`)
    this.#last = number
    this.writer = client
    this.length += 1
  }
}
