import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import type { CloseReason, Connection } from '@sock/core'
import type { FramedChannel } from '@sock/framing'
import { Oops } from '../world/pledges.js'
import { isStuck, OwnError, showsParts } from './codecs.js'
import type { Feed } from './feed.js'
import type { Frame, Wrong } from './naive.js'
import type { FrameProgram } from './program.js'

const CODES = ['ERR_SOCK_FRAME_TOO_LARGE', 'ERR_SOCK_FRAME_MALFORMED', 'ERR_SOCK_FRAME_INCOMPLETE']
/** The errors of a connection that has ended. */
const OVER = ['ERR_SOCK_CLOSED', 'ERR_SOCK_RESET', 'ERR_SOCK_DRAINING']

const codeOf = (error: unknown): string => (error as { code?: string } | undefined)?.code ?? ''
const isLate = (error: unknown): boolean =>
  codeOf(error) === 'ERR_SOCK_FRAME_INCOMPLETE' && (error as Error).message.includes('frameTimeout')

/** Says what an error is, if it is the error of a frame. */
export function wrongOf(error: unknown, isHopeless: boolean): Wrong | undefined {
  if (CODES.includes(codeOf(error))) return codeOf(error) as Wrong
  return error instanceof OwnError ||
    (isHopeless && !(error instanceof Oops) && !OVER.includes(codeOf(error)))
    ? 'own'
    : undefined
}

/** Frames as they were given, to compare them again later: they must not change. */
export class Delivery {
  readonly #given: { readonly frame: Frame; readonly copy: Frame }[] = []
  count = 0

  /** @throws if it is not the expected frame */
  add(frame: unknown, expected: Frame | undefined, what: string): void {
    assert.ok(expected !== undefined, `${what} was given ${show(frame)}, which nobody has sent`)
    assert.ok(isSame(frame, expected), `${what} was given ${show(frame)} instead of ${show(expected)}`)
    this.count += 1
    this.#given.push({ frame: frame as Frame, copy: expected })
  }

  /** @throws if a frame has changed since it was given */
  checkUnchanged(what: string): void {
    for (const { frame, copy } of this.#given)
      assert.ok(isSame(frame, copy), `${what}: a frame is now ${show(frame)}, and was ${show(copy)}`)
  }
}

export const isSame = (one: unknown, other: Frame): boolean =>
  typeof one === 'string'
    ? one === other
    : Buffer.isBuffer(one) && Buffer.isBuffer(other) && one.equals(other)

const SHOWN = 60
export function show(frame: unknown): string {
  const text = Buffer.isBuffer(frame)
    ? `Buffer ${JSON.stringify(frame.toString('latin1'))}`
    : JSON.stringify(frame)
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}… (${text.length})` : text
}

/** The framed end of one connection: what it was given, and how it ended. */
export class FramedEnd {
  readonly name: string
  readonly feed: Feed
  readonly delivery = new Delivery()
  readonly #program: FrameProgram
  channel: Connection | undefined
  peer: FramedChannel<unknown, never> | undefined
  /** Why it may miss frames. */
  hurt: string | undefined
  /** How this side has ended its input: after that it gets no frames. */
  stopped: string | undefined
  /** Whether the error of a frame had destroyed the connection before: a read may be about to reject with it. */
  #hadFailed = false
  /** Whether a handler or a callback works on a frame. */
  isWorking = false
  sawEnd = false
  isOver = false
  /** What the program has set. */
  busy: boolean | undefined
  /** The error of a frame, and how often it was reported. */
  failure: unknown
  reports = 0
  /** The number of frames that a shutdown must wait for. */
  owed = 0
  /** Lets its handler go on. */
  go: (() => void)[] = []

  constructor(name: string, feed: Feed, program: FrameProgram) {
    this.name = name
    this.feed = feed
    this.#program = program
  }

  hurtBy(what: string): void {
    if (this.isOver) return
    // What a shutdown waits for may now be lost as well.
    if (this.hurt !== undefined) this.owed = 0
    this.hurt ??= what
  }

  stop(how: string): void {
    if (this.stopped === undefined) this.#hadFailed = this.channel?.isOpen === false
    this.stopped ??= how
    this.hurtBy(how)
  }

  /** Its server drains: what has not arrived may be lost, except the rest of a frame that has partly arrived. */
  drain(): void {
    const { feed, delivery, channel, hurt } = this
    const { meaning } = feed
    const knows = showsParts(this.#program.codec) && channel?.bytesRead === feed.length && hurt === undefined
    if (knows && feed.isPartial && !this.isWorking && delivery.count === meaning.frames.length)
      this.owed = delivery.count + 1
    this.hurtBy('its server drained')
  }

  given(frame: unknown): void {
    assert.ok(this.stopped === undefined, `${this.name} was given ${show(frame)} after ${this.stopped}`)
    this.read(frame)
  }

  /** The same for a read that may have begun before. */
  read(frame: unknown): void {
    assert.ok(!this.sawEnd, `${this.name} was given ${show(frame)} after its end`)
    assert.ok(
      this.failure === undefined,
      `${this.name} was given ${show(frame)} after ${String(this.failure)}`,
    )
    this.delivery.add(frame, this.feed.meaning.frames[this.delivery.count], this.name)
  }

  /** Its input has ended. */
  ended(): void {
    assert.ok(!this.sawEnd, `${this.name} has ended twice`)
    this.sawEnd = true
    if (this.stopped !== undefined) return
    const { hasEnded, meaning } = this.feed
    assert.ok(this.failure === undefined, `${this.name} took ${String(this.failure)} for an end`)
    if (this.hurt !== undefined) return
    assert.ok(hasEnded, `${this.name} has ended, and nobody has ended it`)
    assert.equal(meaning.wrong, undefined, `${this.name} took a wrong frame for an end`)
    assert.equal(this.delivery.count, meaning.frames.length, `${this.name} has ended before its last frame`)
  }

  /** A read has failed. @returns whether it is the error of a frame */
  broke(error: unknown): boolean {
    const isOfFrame = this.#judge(error)
    if (isOfFrame) this.#fail(error)
    return isOfFrame
  }

  #fail(error: unknown): void {
    this.failure ??= error
    assert.equal(this.failure, error, `${this.name} has failed twice`)
  }

  reported(error: unknown): void {
    if (!this.#judge(error)) return
    this.reports += 1
    assert.ok(this.reports === 1, `${this.name}: ${String(error)} was reported twice`)
    this.#fail(error)
  }

  /** @returns whether it is the error of a frame @throws unless it had to come */
  #judge(error: unknown): boolean {
    const { feed, name, hurt } = this
    const { codec, frameTimeout, form } = this.#program
    const isHopeless = isStuck(codec) && feed.length > 0
    const story = `${name}: ${String((error as Error | undefined)?.stack ?? error)}`
    if (error instanceof Oops) return false
    const wrong = wrongOf(error, isHopeless)
    if (wrong === undefined) {
      const isOver = OVER.includes(codeOf(error)) && (hurt !== undefined || this.failure !== undefined)
      assert.ok(isOver, `${story}\nwithout a cause`)
      return false
    }
    if (this.failure === error) return true
    const isCut = wrong === 'ERR_SOCK_FRAME_INCOMPLETE' && hurt !== undefined
    // Then readExactly() and readUntil() get less than they must.
    if (isCut && form === 'reader') return false
    assert.ok(this.stopped === undefined || this.#hadFailed, `${story}\nafter ${this.stopped}`)
    if (!isLate(error)) {
      assert.ok(isHopeless || isCut || feed.meaning.wrong === wrong, `${story}\nbut no frame is wrong`)
      return true
    }
    assert.ok(frameTimeout !== undefined && showsParts(codec), `${story}\nbut nothing limits that`)
    assert.ok(feed.mayBeLate(frameTimeout), `${story}\nbut no frame was late`)
    assert.ok(form !== 'message' || !this.isWorking, `${story}\nwhile its handler works on a whole frame`)
    return true
  }

  closed(reason: CloseReason | undefined): void {
    this.isOver = true
    const hasCause =
      this.hurt !== undefined || this.failure !== undefined || this.feed.meaning.wrong !== undefined
    const isKnown = reason === 'ended' || hasCause || isStuck(this.#program.codec)
    // The error of a late frame is reported when the connection has closed.
    const mayBeLate =
      this.#program.frameTimeout !== undefined && this.feed.mayBeLate(this.#program.frameTimeout)
    assert.ok(isKnown || mayBeLate, `${this.name} was closed as "${reason}" without a cause`)
  }

  /** Checks what the program has set. */
  check(): void {
    if (this.busy === true && this.channel?.isOpen === true)
      assert.ok(this.channel.busy, `${this.name} is no longer busy, as the program had set`)
  }

  /** @param isGentle whether the end of the program has cut off nothing */
  checkEnd(isGentle: boolean): void {
    const { name, delivery, feed, hurt, failure, reports } = this
    const { engine, form, swallows, codec } = this.#program
    const { frames, wrong, skipped } = feed.meaning
    if (engine !== 'reuse') delivery.checkUnchanged(name)
    const isStill = isStuck(codec) && feed.length > 0
    const mustReport = form !== 'client' && !(swallows && form !== 'message') && hurt === undefined
    if (mustReport && failure !== undefined)
      assert.equal(reports, 1, `${name}: how often its failure was reported: ${inspect(failure)}`)
    if (!isGentle) return
    const story = `${name} was given ${delivery.count} of ${frames.length} frames`
    if (failure === undefined && frames.length >= this.owed)
      assert.ok(delivery.count >= this.owed, `${story}: a shutdown has cut off one that had partly arrived`)
    if (hurt !== undefined) return
    if (isStill || wrong !== undefined)
      assert.ok(failure !== undefined, `${story}, and ${wrong ?? codec.kind} was not noticed`)
    // A late frame ends it before the others.
    if (isStill || isLate(failure)) return
    assert.equal(delivery.count, frames.length, story)
    if (wrong !== undefined) return
    if (form !== 'message' || this.#program.hasEnd) assert.ok(this.sawEnd, `${story}, and not its end`)
    if (this.peer !== undefined) assert.equal(this.peer.skipped, skipped, `${name}: skipped`)
  }
}
