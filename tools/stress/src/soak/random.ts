/** Pseudo-random numbers that a seed repeats. */
export interface Random {
  /** A whole number from `least` to `most`, both included. */
  integer(least: number, most: number): number
  /** True in `part` of all cases. */
  chance(part: number): boolean
  pick<T>(from: readonly T[]): T
}

/** mulberry32: 32 bits of state, which is plenty for choosing among faults. https://github.com/bryc/code/blob/master/jshash/PRNGs.md */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const integer = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1))
  return {
    integer,
    chance: (part) => next() < part,
    pick: (from) => from[integer(0, from.length - 1)] as never,
  }
}
