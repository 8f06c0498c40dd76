import type { CodecSpec } from './codecs.js'

/* What each codec must make of its input: the simplest code, which sees the whole input, and shares nothing with the package. */

export type Frame = string | Buffer

/** `own`: the error of a program's own codec. */
export type Wrong =
  'ERR_SOCK_FRAME_TOO_LARGE' | 'ERR_SOCK_FRAME_MALFORMED' | 'ERR_SOCK_FRAME_INCOMPLETE' | 'own'

/** What an input is made of. */
export interface Meaning {
  readonly frames: readonly Frame[]
  /** Where each frame ends in the input. */
  readonly ends: readonly number[]
  /** What is wrong with the bytes after the frames. */
  readonly wrong?: Wrong
  /** Where the last frame ends, also one that is skipped: the bytes after it are a part of the next. */
  readonly at: number
  readonly skipped: number
}

const TOO_LARGE = 'ERR_SOCK_FRAME_TOO_LARGE'
const MALFORMED = 'ERR_SOCK_FRAME_MALFORMED'
const INCOMPLETE = 'ERR_SOCK_FRAME_INCOMPLETE'
const CR = 13

/** @param hasEnded whether the input ends here */
export function understand(spec: CodecSpec, input: Buffer, hasEnded: boolean): Meaning {
  if (spec.kind === 'lines') return splitUp(spec, '\n', true, input, hasEnded)
  if (spec.kind === 'delimited') return splitUp(spec, spec.delimiter, false, input, hasEnded)
  if (spec.kind === 'own') return own(spec, input, hasEnded)
  const frames: Frame[] = []
  const ends: number[] = []
  let at = 0
  for (;;) {
    const turn = frames.length
    const found = spec.kind === 'pieces' ? piece(spec, turn, input, at, hasEnded) : cut(spec, input, at)
    if (typeof found === 'object') {
      frames.push(found.frame)
      ends.push((at = found.end))
    } else if (found !== 'part') return { frames, ends, at, wrong: found, skipped: 0 }
    else if (hasEnded && (at < input.length || expects(spec, turn)))
      return { frames, ends, at, wrong: INCOMPLETE, skipped: 0 }
    else return { frames, ends, at, skipped: 0 }
  }
}

type Found = { readonly frame: Frame; readonly end: number } | Wrong | 'part'

function splitUp(
  spec: CodecSpec & { kind: 'lines' | 'delimited' },
  delimiter: string,
  isLine: boolean,
  input: Buffer,
  hasEnded: boolean,
): Meaning {
  const mark = Buffer.from(delimiter)
  const frames: Frame[] = []
  const ends: number[] = []
  const encoding = spec.encoding as 'utf8' | 'latin1' | 'buffer'
  const maxBytes = spec.maxBytes as number
  let [at, skipped] = [0, 0]
  for (;;) {
    const found = input.indexOf(mark, at)
    const rest = input.length - at
    if (found === -1 && !(hasEnded && rest > 0)) {
      const isTooLong = rest > maxBytes + (isLine ? 1 : mark.length - 1)
      if (isTooLong && spec.tooLong === 'fail') return { frames, ends, at, skipped, wrong: TOO_LARGE }
      return { frames, ends, at, skipped: skipped + (isTooLong ? 1 : 0) }
    }
    let body = input.subarray(at, found === -1 ? input.length : found)
    if (isLine && body.at(-1) === CR) body = body.subarray(0, -1)
    if (body.length > maxBytes && spec.tooLong === 'fail')
      return { frames, ends, at, skipped, wrong: TOO_LARGE }
    at = found === -1 ? input.length : found + mark.length
    if (body.length > maxBytes) skipped += 1
    else {
      frames.push(encoding === 'buffer' ? body : body.toString(encoding))
      ends.push(at)
    }
  }
}

function own(spec: CodecSpec & { kind: 'own' }, input: Buffer, hasEnded: boolean): Meaning {
  const { flaw } = spec
  if (flaw === 'has no decoder') return { frames: [], ends: [], at: 0, skipped: 0, wrong: 'own' }
  const frames: Frame[] = []
  const ends: number[] = []
  let at = 0
  for (let found; (found = input.indexOf('\n', at)) !== -1;) {
    if (flaw === 'throws at the third frame' && frames.length === 2)
      return { frames, ends, at, skipped: 0, wrong: 'own' }
    frames.push(String(input.subarray(at, found)))
    ends.push((at = found + 1))
  }
  if (flaw === 'throws at the end' && hasEnded) return { frames, ends, at, skipped: 0, wrong: 'own' }
  if (hasEnded && at < input.length) {
    frames.push(String(input.subarray(at)))
    ends.push((at = input.length))
  }
  return { frames, ends, at, skipped: 0 }
}

/** Cuts off a frame that has its length in front. */
function cut(spec: CodecSpec, input: Buffer, at: number): Found {
  if (spec.kind === 'fixed') return bodyAt(input, at, 0, BigInt(spec.maxBytes), spec.maxBytes)
  if (spec.kind === 'netstrings') return digits(input, at, ':', 0, spec.maxBytes, ',')
  if (spec.kind === 'octetCounted') return digits(input, at, ' ', 1, spec.maxBytes, '')
  if (spec.kind !== 'lengthPrefixed') return MALFORMED
  const { bytes, littleEndian, counts, maxBytes } = spec
  if (bytes === 'varint') return varint(input, at, maxBytes)
  if (input.length - at < bytes) return 'part'
  const declared = [...input.subarray(at, at + bytes)]
  if (littleEndian) declared.reverse()
  let length = BigInt(`0x${Buffer.from(declared).toString('hex')}`)
  if (counts === 'all') length -= BigInt(bytes)
  return length < 0n ? MALFORMED : bodyAt(input, at, bytes, length, maxBytes)
}

function bodyAt(input: Buffer, at: number, head: number, length: bigint, maxBytes: number, tail = ''): Found {
  if (length > BigInt(maxBytes)) return TOO_LARGE
  const from = at + head
  const to = from + Number(length)
  if (input.length < to + tail.length) return 'part'
  if (String(input.subarray(to, to + tail.length)) !== tail) return MALFORMED
  return { frame: input.subarray(from, to), end: to + tail.length }
}

function varint(input: Buffer, at: number, maxBytes: number): Found {
  let length = 0n
  for (let count = 0; at + count < input.length; count++) {
    const byte = input[at + count] ?? 0
    length += BigInt(byte & 127) << BigInt(7 * count)
    if (length > BigInt(Number.MAX_SAFE_INTEGER)) return MALFORMED
    if (byte < 128) return bodyAt(input, at, count + 1, length, maxBytes)
    if (count === 9) return MALFORMED
  }
  return 'part'
}

function digits(
  input: Buffer,
  at: number,
  separator: string,
  least: number,
  maxBytes: number,
  tail: string,
): Found {
  let seen = ''
  for (const char of input.toString('latin1', at)) {
    if (char === separator && seen !== '' && Number(seen) >= least)
      return bodyAt(input, at, seen.length + 1, BigInt(seen), maxBytes, tail)
    if (!/^\d$/.test(char) || seen === '0') return MALFORMED
    seen += char
    if (Number(seen) > maxBytes) return TOO_LARGE
  }
  return 'part'
}

type Script = CodecSpec & { kind: 'pieces' }

/** Whether the next piece must come, so that the end is an error. */
function expects(spec: CodecSpec, turn: number): boolean {
  return spec.kind === 'pieces' && spec.pieces[turn % spec.pieces.length] !== 'line'
}

function piece(spec: Script, turn: number, input: Buffer, at: number, hasEnded: boolean): Found {
  const next = spec.pieces[turn % spec.pieces.length]
  const rest = input.length - at
  if (typeof next === 'number')
    return rest < next ? 'part' : { frame: input.subarray(at, at + next), end: at + next }
  const mark = next === 'line' ? '\n' : ';;'
  const found = input.indexOf(mark, at)
  const isLast = found === -1 && hasEnded && next === 'line' && rest > 0
  // The last byte may belong to the delimiter.
  const mayEnd = next === ';;' || input.at(-1) === CR
  if (found === -1 && !isLast) return rest > spec.maxBytes + (mayEnd ? 1 : 0) ? TOO_LARGE : 'part'
  let bytes = input.subarray(at, isLast ? input.length : found)
  if (next === 'line' && bytes.at(-1) === CR) bytes = bytes.subarray(0, -1)
  if (bytes.length > spec.maxBytes) return TOO_LARGE
  return { frame: next === 'line' ? String(bytes) : bytes, end: isLast ? input.length : found + mark.length }
}

/** Returns the bytes of a message. A body that the codec cannot carry becomes other frames, or is wrong. */
export function write(spec: CodecSpec, content: Buffer, turn: number): Buffer {
  const { length } = content
  const around = (before: string, after: string): Buffer =>
    Buffer.concat([Buffer.from(before), content, Buffer.from(after)])
  if (spec.kind === 'lines') return around('', turn % 2 === 0 ? '\n' : '\r\n')
  if (spec.kind === 'delimited') return around('', spec.delimiter)
  if (spec.kind === 'own') return around('', '\n')
  if (spec.kind === 'netstrings') return around(`${length}:`, ',')
  if (spec.kind === 'octetCounted') return around(`${length} `, '')
  if (spec.kind === 'fixed') return around('', '.'.repeat(spec.maxBytes)).subarray(0, spec.maxBytes)
  if (spec.kind === 'lengthPrefixed') return Buffer.concat([prefix(spec, length), content])
  const next = spec.pieces[turn % spec.pieces.length]
  if (typeof next === 'number') return Buffer.alloc(next, 'n')
  return around('', next === 'line' ? '\n' : ';;')
}

function prefix(
  { bytes, littleEndian, counts }: CodecSpec & { kind: 'lengthPrefixed' },
  length: number,
): Uint8Array {
  if (bytes === 'varint') {
    const sevens = length.toString(2).padStart(21, '0').match(/.{7}/g) ?? []
    const low = sevens.map((seven) => parseInt(seven, 2)).toReversed()
    const last = Math.max(
      0,
      low.findLastIndex((seven) => seven > 0),
    )
    return Buffer.from(low.slice(0, last + 1).map((seven, at) => (at === last ? seven : seven + 128)))
  }
  const declared = length + (counts === 'all' ? bytes : 0)
  const hex = declared.toString(16).padStart(2 * bytes, '0')
  const head = Buffer.from(hex.slice(-2 * bytes), 'hex')
  return littleEndian ? head.toReversed() : head
}

/** Bytes that break the rules of a codec, where it has any. */
export function malformed(spec: CodecSpec): Buffer {
  if (spec.kind === 'netstrings') return Buffer.from('3:abcd')
  if (spec.kind === 'octetCounted') return Buffer.from('0 ')
  if (spec.kind === 'lengthPrefixed' && spec.counts === 'all') return Buffer.alloc(8)
  return Buffer.alloc(11, 0xff)
}
