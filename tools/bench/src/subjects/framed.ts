// Servers that cut a stream into messages without @sock/framing.
import { decode, type LengthDecoderFunction } from 'it-length-prefixed'
import type { Duplex } from 'node:stream'
import { createInterface } from 'node:readline'
import split2 from 'split2'
import { PREFIX_BYTES, type Session } from '../workload.js'
import { listenStream } from './raw.js'
import type { Running, Setup } from './subject.js'

const LINE_FEED = 10
const lengthDecoder: LengthDecoderFunction = (bytes) => bytes.getUint32(0)
lengthDecoder.bytes = PREFIX_BYTES

/** @param name of the library, or of the workload, if it is done by hand */
export function startFramed(name: string, setup: Setup): Promise<Running> {
  const { open } = setup.workload
  return listenStream(setup, (socket) => void servers[name]?.(socket, open()))
}

const servers: Record<string, (socket: Duplex, session: Session) => unknown> = {
  lines: (socket, session) => cut(socket, (chunk) => cutLines(chunk, session)),
  frames: (socket, session) => cut(socket, (chunk) => cutFrames(chunk, session)),
  split2: (socket, session) => socket.pipe(split2()).on('data', (line: string) => session.received(line)),
  readline: (socket, session) =>
    createInterface({ input: socket, crlfDelay: Infinity }).on('line', (line) => session.received(line)),
  async 'split2-for-await'(socket, session) {
    for await (const line of socket.pipe(split2())) session.received(line as string)
  },
  async 'readline-for-await'(socket, session) {
    for await (const line of createInterface({ input: socket, crlfDelay: Infinity })) session.received(line)
  },
  async 'it-lp'(socket, session) {
    for await (const frame of decode(socket, { lengthDecoder })) session.received(frame.subarray())
  },
}

/** The usual loop written by hand: without a limit, and without back-pressure. @param take returns how much it has cut off */
function cut(socket: Duplex, take: (chunk: Buffer) => number): void {
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (data: Buffer) => {
    const chunk = rest.length === 0 ? data : Buffer.concat([rest, data])
    rest = chunk.subarray(take(chunk))
  })
}

/** @returns the length of the complete lines */
function cutLines(chunk: Buffer, session: Session): number {
  let at = 0
  for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, at)) {
    session.received(chunk.toString('utf8', at, end))
    at = end + 1
  }
  return at
}

/** @returns the length of the complete frames */
function cutFrames(chunk: Buffer, session: Session): number {
  let at = 0
  while (chunk.length - at >= PREFIX_BYTES) {
    const end = at + PREFIX_BYTES + chunk.readUInt32BE(at)
    if (end > chunk.length) break
    session.received(chunk.subarray(at + PREFIX_BYTES, end))
    at = end
  }
  return at
}
