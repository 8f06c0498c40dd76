import { setTimeout as delay } from 'node:timers/promises'

/** Looks are counted, not time: a process that waits for a processor looks less often. Against hanging only. */
const LOOKS = 60_000
/** Between two looks, in ms. */
const INTERVAL = 2

/** Waits until `condition` holds; fails when that takes far too long. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let looks = 0; !condition(); looks++) {
    if (looks === LOOKS) throw new Error(`Waited in vain: ${what}`)
    await delay(INTERVAL)
  }
}

/** What a promise rejects with; fails if it does not. */
export async function rejection(promise: Promise<unknown>): Promise<Error & { readonly code?: string }> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('Expected a rejection')
}

/** What a call throws; fails if it does not. */
export function thrown(action: () => unknown): Error & { readonly code?: string } {
  try {
    action()
  } catch (error) {
    return error as Error
  }
  throw new Error('Expected an exception')
}
