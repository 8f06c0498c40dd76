/** Numbers that a seed determines (mulberry32). */
export class Random {
  #state

  constructor(seed) {
    this.#state = seed >>> 0
  }

  /** Returns a number from 0 to `limit - 1`. */
  below(limit) {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }

  chance(probability) {
    return this.below(1_000_000) < probability * 1_000_000
  }

  one(list) {
    return list[this.below(list.length)]
  }

  /** Chooses a key of `weights`, as often as its value says. */
  weighted(weights) {
    const names = Object.keys(weights)
    let rest = this.below(names.reduce((sum, name) => sum + weights[name], 0))
    for (const name of names) {
      rest -= weights[name]
      if (rest < 0) return name
    }
    return names.at(-1)
  }
}

/** A prime, so that no two sources repeat with the same period as their sizes. */
const PERIOD = 1_048_573
const numbers = new Random(20_251_202)
const pattern = Buffer.from(Uint8Array.from({ length: PERIOD }, () => numbers.below(256)))

/** The bytes of one source from an offset on. Those of another source, or of another offset, differ. */
export function patternOf(source, offset, length) {
  const start = (source * 104_729 + offset) % PERIOD
  if (start + length <= PERIOD) return pattern.subarray(start, start + length)
  return Buffer.concat([pattern.subarray(start), patternAt(length - (PERIOD - start))])
}

const patternAt = (length) => pattern.subarray(0, length)
