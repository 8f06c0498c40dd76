import { createHash } from 'node:crypto'

/**
 * What travels: numbered frames whose content follows from their numbers, so that both sides can tell whether a byte was
 * lost, changed, repeated or somebody else's. On datagrams a frame is one datagram.
 */
export interface Frame {
  readonly op: Op
  readonly session: number
  readonly sequence: number
  /** Of a request: how many bytes the answer is to have. */
  readonly wanted: number
  readonly payload: Buffer
}

/**
 * `data` asks for an answer, `finish` for the last one, `throw` for a handler that fails, `burst` for many at once, as many
 * as are wanted; `ack` is the answer. A `note` was not asked for: it is from the handler of another connection.
 */
export type Op = 'data' | 'finish' | 'throw' | 'ack' | 'burst' | 'note'

const OPS: readonly Op[] = ['data', 'finish', 'throw', 'ack', 'burst', 'note']
/** What the answers of a burst are numbered from: none of them is taken for that of a single request. */
export const BURST_FROM = 1_000_000
/** op and wanted (1 + 3 bytes), session, sequence, length of the payload: 4 bytes each. */
const HEADER = 16
export const MAX_PAYLOAD = 512 * 1024

/** The same in every process. */
const pool = createHash('shake256', { outputLength: 2 * MAX_PAYLOAD })
  .update('soak')
  .digest()
/** Two primes, so that the payloads of no two frames of a run begin at the same place. */
const SESSION_STEP = 7_919
const SEQUENCE_STEP = 104_729

/** Something came that nobody has sent. */
export class FrameError extends Error {}

function payloadOf(session: number, sequence: number, length: number): Buffer {
  const offset = (session * SESSION_STEP + sequence * SEQUENCE_STEP) % MAX_PAYLOAD
  return pool.subarray(offset, offset + length)
}

export function encode(op: Op, session: number, sequence: number, length: number, wanted = 0): Buffer {
  const frame = Buffer.allocUnsafe(HEADER + length)
  frame.writeUInt8(OPS.indexOf(op), 0)
  frame.writeUIntBE(wanted, 1, 3)
  frame.writeUInt32BE(session, 4)
  frame.writeUInt32BE(sequence, 8)
  frame.writeUInt32BE(length, 12)
  frame.set(payloadOf(session, sequence, length), HEADER)
  return frame
}

/** @throws FrameError unless `data` is one whole frame as {@link encode} makes them */
export function decode(data: Buffer): Frame {
  const frame = peek(data)
  if (frame === undefined || HEADER + frame.payload.length !== data.length) {
    throw new FrameError(`No frame: ${data.length} bytes`)
  }
  return frame
}

/** Takes frames out of a stream of chunks. */
export class FrameReader {
  #chunks: Buffer[] = []
  #length = 0
  #needed = HEADER

  /** Whether a frame has begun and not ended. */
  get isInside(): boolean {
    return this.#length > 0
  }

  /** @throws FrameError for what is no frame */
  *push(chunk: Buffer): Iterable<Frame> {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    // Large frames come in many chunks: those are joined once.
    if (this.#length < this.#needed) return
    let data = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks)
    for (let frame; (frame = peek(data)) !== undefined;) {
      yield frame
      data = data.subarray(HEADER + frame.payload.length)
    }
    this.#needed = data.length < HEADER ? HEADER : HEADER + data.readUInt32BE(12)
    this.#chunks = data.length === 0 ? [] : [data]
    this.#length = data.length
  }
}

/** The frame at the beginning of `data`; `undefined` if it is not whole yet. */
function peek(data: Buffer): Frame | undefined {
  if (data.length < HEADER) return undefined
  const op = OPS[data.readUInt8(0)]
  const length = data.readUInt32BE(12)
  if (op === undefined || length > MAX_PAYLOAD) throw new FrameError('No frame: its header makes no sense')
  if (data.length < HEADER + length) return undefined
  const session = data.readUInt32BE(4)
  const sequence = data.readUInt32BE(8)
  const payload = data.subarray(HEADER, HEADER + length)
  if (!payload.equals(payloadOf(session, sequence, length))) {
    throw new FrameError(`Frame ${sequence} of session ${session} has another content than was sent`)
  }
  return { op, session, sequence, wanted: data.readUIntBE(1, 3), payload }
}
