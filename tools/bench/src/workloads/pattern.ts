/** A prime, so that a chunk of any usual size that is lost, doubled or swapped shifts what follows. */
const PERIOD = 65_521
const LONGEST = 65_536

/** Bytes that look random and are the same in each process: xorshift32 (Marsaglia 2003). */
function createPattern(): Buffer {
  const bytes = Buffer.alloc(PERIOD)
  let state = 2_463_534_242
  for (let index = 0; index < PERIOD; index++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[index] = state & 0xff
  }
  return Buffer.concat([bytes, bytes, bytes]).subarray(0, PERIOD + LONGEST)
}

const pattern = createPattern()

/** What a stream carries from `position` on. @param length at most 64 KiB */
export function patternAt(position: number, length: number): Buffer {
  const start = position % PERIOD
  return pattern.subarray(start, start + length)
}

/** Whether `bytes` from `from` to `to` are what belongs at `position`. */
function isPattern(bytes: Buffer, from: number, to: number, position: number): boolean {
  const start = position % PERIOD
  return pattern.compare(bytes, from, to, start, start + to - from) === 0
}

/** Checks every byte that comes out of a stream. */
export class PositionCheck {
  position = 0

  /** @returns whether `chunk` is what comes next */
  accept(chunk: Buffer): boolean {
    for (let from = 0; from < chunk.length; from += LONGEST) {
      const to = Math.min(from + LONGEST, chunk.length)
      if (!isPattern(chunk, from, to, this.position)) return false
      this.position += to - from
    }
    return true
  }
}
