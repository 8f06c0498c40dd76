import { jest } from '@jest/globals'
import { setImmediate as turn } from 'node:timers/promises'

/** Returns the current state of a promise. */
export type Outcome<T> =
  | { readonly state: 'pending' }
  | { readonly state: 'resolved'; readonly value: T }
  | { readonly state: 'rejected'; readonly error: Error & { readonly code?: string } }

/** Looks at a promise once everything that is ready has run. */
export async function outcome<T>(promise: Promise<T>): Promise<Outcome<T>> {
  let result: Outcome<T> = { state: 'pending' }
  promise.then(
    (value) => (result = { state: 'resolved', value }),
    (error: Error) => (result = { state: 'rejected', error }),
  )
  await settle()
  return result
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  await turn()
}

/** A clock for `setTimeout`, `setImmediate` and `performance.now()` that only the test advances. */
export async function stopClock(): Promise<void> {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] })
  // Its time begins at 0, which no process ever sees.
  await pass(1_000)
}

/** Lets time pass. */
export async function pass(ms: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(ms)
}
