import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'

/** How long something that must happen may take. A machine under load is slow; what never happens fails all the same. */
const PATIENCE = 5_000
const INTERVAL = 5

/** Waits until `check` does not throw; its last error tells what did not happen. */
export async function eventually(check: () => void): Promise<void> {
  const end = performance.now() + PATIENCE
  for (;;) {
    try {
      check()
      return
    } catch (error) {
      if (performance.now() > end) throw error
    }
    await delay(INTERVAL)
  }
}

/** Resolves with what `promise` does, or fails when that takes too long. */
export async function soon<T>(promise: Promise<T>, what: string): Promise<T> {
  const tooLate = new AbortController()
  const timer = delay(PATIENCE, undefined, { signal: tooLate.signal }).then(
    () => {
      throw new Error(`${what} takes too long`)
    },
    () => undefined as never,
  )
  try {
    return await Promise.race([promise, timer])
  } finally {
    tooLate.abort()
  }
}

/** Passes if `promise` rejects with this very value. */
export async function rejectsWith(promise: Promise<unknown>, reason: unknown): Promise<void> {
  const failure = await promise.then(
    () => new assert.AssertionError({ message: 'It resolved, and should have rejected' }),
    (error: unknown) => error,
  )
  assert.equal(failure, reason)
}
