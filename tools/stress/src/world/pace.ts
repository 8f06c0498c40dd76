import assert from 'node:assert/strict'

/** What happens between one step and the next: nothing, so that both are under way at once, or some progress. */
export type Pace = 'at once' | 'microtask' | 'turn' | 'turns'

export const PACES: readonly Pace[] = ['at once', 'microtask', 'turn', 'turns']

/** Enough for a byte to travel from one end of a loopback connection to the other. */
const SEVERAL = 4

export async function rest(pace: Pace): Promise<void> {
  if (pace === 'at once') return
  if (pace === 'microtask') await Promise.resolve()
  else for (let turns = pace === 'turn' ? 1 : SEVERAL; turns > 0; turns--) await nextTurn()
}

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** Waits, in ms; not longer than until the signal aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    if (signal?.aborted === true) done()
    signal?.addEventListener('abort', done, { once: true })
  })
}

/**
 * Waits until this is so. @throws the complaint if it is not after `patience` ms, and as many turns of the event loop: a busy
 * machine makes few of them
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
    await nextTurn()
  }
}

/** Waits for a promise. @throws unless it settles within `patience` ms */
export async function within(promise: Promise<unknown>, patience: number, what: string): Promise<void> {
  let isOver = false
  const over = (): void => void (isOver = true)
  void promise.then(over, over)
  await until(() => isOver, patience, `${what} does not come`)
}
