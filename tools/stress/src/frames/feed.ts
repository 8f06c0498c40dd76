import type { CodecSpec } from './codecs.js'
import { understand, type Meaning } from './naive.js'

/** In ms: timers of Node may pass this much too early. */
const EARLY = 2

/** In bytes: the rest is read in the next turn of the event loop. */
const READ = 65_536

interface Piece {
  /** The number of bytes up to its end. */
  readonly end: number
  /** When it was given to the system: not before, and not after. The latter is unknown while the system has no room. */
  readonly since: number
  until: number
}

/** What a peer has sent on one stream, and when. */
export class Feed {
  readonly spec: CodecSpec
  #bytes = Buffer.alloc(0)
  hasEnded = false
  readonly #pieces: Piece[] = []
  #known: { length: number; hasEnded: boolean; meaning: Meaning } | undefined

  constructor(spec: CodecSpec) {
    this.spec = spec
  }

  get length(): number {
    return this.#bytes.length
  }

  /** @param write gives them to the system, and returns whether it has taken all */
  add(bytes: Buffer, write: () => boolean): void {
    const since = performance.now()
    this.#bytes = Buffer.concat([this.#bytes, bytes])
    const piece: Piece = { end: this.#bytes.length, since, until: Infinity }
    this.#pieces.push(piece)
    if (write()) piece.until = performance.now()
  }

  /** What the input means up to now. */
  get meaning(): Meaning {
    const { length, hasEnded } = this
    if (this.#known?.length !== length || this.#known.hasEnded !== hasEnded)
      this.#known = { length, hasEnded, meaning: understand(this.spec, this.#bytes, hasEnded) }
    return this.#known.meaning
  }

  /** Whether a part of a frame was sent, and not its rest. */
  get isPartial(): boolean {
    const { meaning } = this
    return meaning.wrong === undefined && !this.hasEnded && meaning.at < this.length
  }

  /** Whether some frame has taken `ms` from its first byte to its last, or may have: then it may be refused. */
  mayBeLate(ms: number): boolean {
    const { meaning, length } = this
    // After a blocked event loop, a frame that was complete in time may need several turns.
    if (length > READ) return true
    let from = 0
    // Frames that are skipped have no end: what follows the last frame counts from its first byte.
    for (const end of [...meaning.ends, length]) {
      if (end > from) {
        const first = this.#pieces.find((piece) => piece.end > from)
        const isPart = end === length && meaning.at < length
        const until = isPart
          ? performance.now()
          : (this.#pieces.find((piece) => piece.end >= end)?.until ?? Infinity)
        if (first !== undefined && until - first.since >= ms - EARLY) return true
      }
      from = end
    }
    return false
  }
}
