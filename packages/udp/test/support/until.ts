import { setTimeout as sleep } from 'node:timers/promises'

/** Waits until `condition` holds; fails when that takes too long. */
export async function until(condition: () => boolean, what: string, deadline = 5_000): Promise<void> {
  const end = performance.now() + deadline
  while (!condition()) {
    if (performance.now() > end) throw new Error(`Waited ${deadline} ms in vain: ${what}`)
    await sleep(2)
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
