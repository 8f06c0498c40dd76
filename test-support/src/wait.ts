import { setTimeout as delay } from 'node:timers/promises'

/** How many checks to make before giving up. Checks are counted, not time: a process that waits for a processor checks less often. */
const LOOKS = 60_000
/** The time between two checks, in ms. */
const INTERVAL = 2

/** Waits until `condition` holds. Fails after {@link LOOKS} checks. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let looks = 0; !condition(); looks++) {
    if (looks === LOOKS) throw new Error(`Waited in vain: ${what}`)
    await delay(INTERVAL)
  }
}

/** Returns the error that the promise rejects with. Fails if it resolves. */
export async function rejection(promise: Promise<unknown>): Promise<Error & { readonly code?: string }> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('Expected a rejection')
}

/** Returns the error that the call throws. Fails if it does not throw. */
export function thrown(action: () => unknown): Error & { readonly code?: string } {
  try {
    action()
  } catch (error) {
    return error as Error
  }
  throw new Error('Expected an exception')
}
