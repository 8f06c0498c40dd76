/** What happens between one command and the next: nothing, so that both are under way at once, or some progress. */
export type Pace = 'at once' | 'microtask' | 'turn' | 'turns'

export const PACES: readonly Pace[] = ['at once', 'microtask', 'turn', 'turns']

/** Enough for a byte to travel from one end of a loopback connection to the other. */
const SEVERAL = 4

export async function rest(pace: Pace): Promise<void> {
  if (pace === 'at once') return
  if (pace === 'microtask') await Promise.resolve()
  else for (let turns = pace === 'turn' ? 1 : SEVERAL; turns > 0; turns--) await nextTurn()
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}

/** Time that is long enough for the sweep and for short deadlines. */
export function pass(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms))
}
