import type { Channel, Connection } from '@sock/core'
import { reader, type FramedChannel } from '@sock/framing'
import { isSockError } from '@sock/core'
import type { CodecSpec } from './codecs.js'
import type { FrameProgram } from './program.js'

type Framed = FramedChannel<unknown, never>

/** Reads frames, in any way. */
export interface Source {
  /** Resolves with the next frame, or with `null` at the end. */
  read(): Promise<unknown>
  /** Whether later reads must fail as the first one did. */
  readonly keepsFailing: boolean
  /** Ends early. */
  leave(): Promise<void>
}

/** What the reading end does with what was read. The first two may throw. */
export interface Reading {
  /** Whether a read that begins now may give a frame. */
  readonly mayRead: boolean
  /** @returns what the handler then waits for; `leaves` if it wants no more */
  readonly frame: (frame: unknown, mayRead: boolean) => unknown
  readonly end: () => void
  /** @returns whether it is the error of a frame, which comes again */
  readonly broke: (error: unknown) => boolean
  readonly readAgain: (result: { value: unknown } | { error: unknown }, first: unknown) => void
  readonly working: (isWorking: boolean) => void
}

/** What `frame()` returns when its handler returns. */
export const LEAVE = Symbol('leave')
/** How often a handler reads again after an error. */
const AGAIN = 2

/** Reads to the end. This is the whole body of handlers that are functions. */
export async function readAll(source: Source, reading: Reading, swallows: boolean): Promise<void> {
  for (;;) {
    let frame: unknown
    const { mayRead } = reading
    try {
      frame = await source.read()
    } catch (error) {
      if (isSockError(error, 'ERR_SOCK_READ_TIMEOUT')) {
        // A read that takes only what has arrived must not keep the event loop from reading.
        await new Promise(setImmediate)
        continue
      }
      const again = reading.broke(error) && source.keepsFailing ? AGAIN : 0
      for (let times = 0; times < again; times++)
        await source.read().then(
          (value) => reading.readAgain({ value }, error),
          (other: unknown) => reading.readAgain({ error: other }, error),
        )
      if (swallows) return
      throw error
    }
    if (frame === null) return reading.end()
    const result = reading.frame(frame, mayRead)
    if (result === LEAVE) return source.leave()
    reading.working(true)
    try {
      await result
    } finally {
      reading.working(false)
    }
  }
}

/** @param keepsFailing whether an error of a frame ends all input */
export function sourceOf(peer: Framed, { form, readTimeout }: FrameProgram, keepsFailing: boolean): Source {
  const options = readTimeout === undefined ? undefined : { timeout: readTimeout }
  if (form !== 'iterator')
    return { read: () => peer.read(options), keepsFailing, leave: () => Promise.resolve() }
  const iterator = peer[Symbol.asyncIterator]()
  let hasFailed = false
  return {
    keepsFailing,
    async read() {
      // A loop ends with its first error.
      if (hasFailed) return peer.read()
      try {
        const { done, value } = await iterator.next()
        return done === true ? null : value
      } catch (error) {
        hasFailed = true
        throw error
      }
    },
    async leave() {
      await iterator.return?.()
    },
  }
}

/** Reads the pieces of a script with `reader()`. */
export function piecesOf(
  channel: Channel,
  spec: CodecSpec & { kind: 'pieces' },
  { readTimeout }: FrameProgram,
): Source {
  const { readLine, readExactly, readUntil } = reader(channel, { maxBytes: spec.maxBytes })
  const options = readTimeout === undefined ? undefined : { timeout: readTimeout }
  let turn = 0
  return {
    keepsFailing: false,
    async read() {
      const next = spec.pieces[turn % spec.pieces.length] ?? 'line'
      let piece: unknown
      if (next === 'line') piece = await readLine(options)
      else
        piece = typeof next === 'number' ? await readExactly(next, options) : await readUntil(next, options)
      turn += 1
      return piece
    },
    leave: () => Promise.resolve(),
  }
}

export const isConnection = (channel: Channel): channel is Connection => !('receive' in channel)
