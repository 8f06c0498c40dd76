import assert from 'node:assert/strict'
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'

/** The time between two steps: none, so that both are pending at once, or enough for some progress. */
export const PACES = ['at once', 'microtask', 'turn', 'turns'] as const
export type Pace = (typeof PACES)[number]

/** In this many turns, a byte travels from one end of a loopback connection to the other. */
const SEVERAL = 4

export async function rest(pace: Pace): Promise<void> {
  if (pace === 'at once') return
  if (pace === 'microtask') await Promise.resolve()
  else for (let turns = pace === 'turn' ? 1 : SEVERAL; turns > 0; turns--) await turn()
}

/** Waits this many ms, or until the signal aborts. */
export const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  delay(ms, undefined, { signal }).catch(() => {})

/**
 * Waits until `isSo()`. A busy machine has fewer turns of the event loop, so `patience` counts both ms and turns.
 *
 * @throws the complaint if it does not hold by then
 */
export async function until(
  isSo: () => boolean,
  patience: number,
  complaint: string | (() => string),
): Promise<void> {
  const end = performance.now() + patience
  for (let turns = 0; !isSo(); turns++) {
    if (turns >= patience && performance.now() >= end)
      assert.fail(typeof complaint === 'string' ? complaint : complaint())
    await turn()
  }
}
