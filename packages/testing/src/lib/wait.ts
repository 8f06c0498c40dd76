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
/** A case may take a quarter more checks than an event that it waits for: so the event fails first, by its name. */
const PER_CASE = 1.25

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
export function soon<T>(promise: Promise<T>, what: string): Promise<T> {
  return within(readLimit.looks, promise, what)
}

/**
 * Resolves like `promise`, which is a whole case, or fails if that takes too long. Without it, a case that awaits what
 * a broken transport never does would neither fail nor end, and keep its servers open.
 */
export function soonOver<T>(promise: Promise<T>): Promise<T> {
  return within(readLimit.looks * PER_CASE, promise, 'a step of the case')
}

async function within<T>(looks: number, promise: Promise<T>, what: string): Promise<T> {
  const settled = new AbortController()
  try {
    return await Promise.race([promise, lateness(looks, what, settled.signal)])
  } finally {
    settled.abort()
  }
}

async function lateness(looks: number, what: string, signal: AbortSignal): Promise<never> {
  for (let look = 1; look < looks && !signal.aborted; look++) {
    await delay(INTERVAL, undefined, { signal }).catch(ignore)
  }
  throw new Error(`${what} takes too long`)
}

/** Passes if `promise` rejects with exactly this value. */
export async function rejectsWith(promise: Promise<unknown>, reason: unknown): Promise<void> {
  // In an array, since the value itself may have a then() of its own.
  const [failure] = await promise.then(
    () => [new assert.AssertionError({ message: 'It resolved, and should have rejected' })],
    (error: unknown) => [error],
  )
  assert.equal(failure, reason)
}

/** A callback for a result that does not matter. */
export function ignore(): void {}
