/** The seed of all random tests of codecs: each run sends the same bytes. */
export const SEED = 20_261_125
const LONGEST = 64
/** What codecs look for, more often than by chance. */
const MARKS = Buffer.from('0123:, \r\n\0aab')

/** Random numbers and bytes that are the same for the same seed. */
export interface Random {
  /** Returns a whole number from 0 up to, but not including, `limit`. */
  below(limit: number): number
  /** Returns a few bytes: of any kind, or those that codecs look for, or a part of `messages`, which may be damaged. */
  hostileChunk(messages: Buffer): Buffer
}

export function createRandom(seed: number): Random {
  let state = seed
  // xorshift32, https://www.jstatsoft.org/article/view/v008i14
  const next = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
  const below = (limit: number): number => next() % limit
  const bytes = (byte: () => number): Buffer => Buffer.from(Array.from({ length: 1 + below(LONGEST) }, byte))
  return {
    below,
    hostileChunk(messages) {
      const kind = below(4)
      if (kind === 0) return bytes(() => below(256))
      if (kind === 1) return bytes(() => MARKS[below(MARKS.length)] as number)
      // From the beginning: so it is a frame, unless the bytes before it are the beginning of another.
      const from = kind === 2 ? 0 : below(messages.length)
      const part = Buffer.from(messages.subarray(from, from + 1 + below(10 * LONGEST)))
      if (below(2) === 0) part[below(part.length)] = below(256)
      return part
    },
  }
}
