import { setTimeout as sleep } from 'node:timers/promises'

/** In ms: against hanging only, since how long something takes is the machine's business. */
const PATIENCE = 120_000
const INTERVAL = 2

/** Waits until `condition` holds; fails when that takes far too long. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let looks = PATIENCE / INTERVAL; !condition(); looks--) {
    if (looks === 0) throw new Error(`Waited in vain: ${what}`)
    await sleep(INTERVAL)
  }
}

/** What a promise rejects with; fails if it does not. */
export async function rejection(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await promise
  } catch (error) {
    return error as Error & { code?: string }
  }
  throw new Error('Expected a rejection')
}

/** What a call throws; fails if it does not. */
export function thrown(action: () => unknown): Error & { code?: string } {
  try {
    action()
  } catch (error) {
    return error as Error & { code?: string }
  }
  throw new Error('Expected an exception')
}
