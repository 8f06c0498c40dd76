import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { ignore } from './deferred.js'

/**
 * How many looks something that must happen may take. Looks are counted, not time: a process that has to wait for a
 * processor looks less often, and waits longer by as much. What never happens fails all the same. Only tests of this
 * suite change it.
 */
export const readLimit = { looks: 2_000 }
/** Between two looks, in ms. */
const INTERVAL = 5

/** Waits until `check` does not throw; its last error tells what did not happen. */
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

/** Resolves with what `promise` does, or fails when that takes too long. */
export async function soon<T>(promise: Promise<T>, what: string): Promise<T> {
  const settled = new AbortController()
  try {
    return await Promise.race([promise, lateness(what, settled.signal)])
  } finally {
    settled.abort()
  }
}

/** Rejects when readLimit is at its end. */
async function lateness(what: string, signal: AbortSignal): Promise<never> {
  for (let look = 1; look < readLimit.looks && !signal.aborted; look++) {
    await delay(INTERVAL, undefined, { signal }).catch(ignore)
  }
  throw new Error(`${what} takes too long`)
}

/** Passes if `promise` rejects with this very value. */
export async function rejectsWith(promise: Promise<unknown>, reason: unknown): Promise<void> {
  const failure = await promise.then(
    () => new assert.AssertionError({ message: 'It resolved, and should have rejected' }),
    (error: unknown) => error,
  )
  assert.equal(failure, reason)
}
