import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * How many checks an expected event may take. Checks are counted instead of time: a process that waits for a
 * processor checks less often, and so waits longer. An event that never happens still fails. Only tests of this suite
 * change it.
 */
export const readLimit = { looks: 2_000 }
/** The time between two checks in ms. */
const INTERVAL = 5

/** Waits until `check` does not throw; fails with its last error. */
export async function eventually(check: () => void): Promise<void> {
  for (let look = 1; ; look++) {
    try {
      check()
      return
    } catch (error) {
      if (look >= readLimit.looks) throw error
    }
    await delay(INTERVAL)
  }
}

/** Resolves like `promise`, or fails if that takes too long. */
export async function soon<T>(promise: Promise<T>, what: string): Promise<T> {
  const settled = new AbortController()
  try {
    return await Promise.race([promise, lateness(what, settled.signal)])
  } finally {
    settled.abort()
  }
}

/** Rejects after {@link readLimit}. */
async function lateness(what: string, signal: AbortSignal): Promise<never> {
  for (let look = 1; look < readLimit.looks && !signal.aborted; look++) {
    await delay(INTERVAL, undefined, { signal }).catch(ignore)
  }
  throw new Error(`${what} takes too long`)
}

/** Passes if `promise` rejects with exactly this value. */
export async function rejectsWith(promise: Promise<unknown>, reason: unknown): Promise<void> {
  const failure = await promise.then(
    () => new assert.AssertionError({ message: 'It resolved, and should have rejected' }),
    (error: unknown) => error,
  )
  assert.equal(failure, reason)
}

/** A callback for a result that does not matter. */
export function ignore(): void {}
