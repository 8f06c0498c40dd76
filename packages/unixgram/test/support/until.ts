import { setTimeout as delay } from 'node:timers/promises'

const DEADLINE = 5_000

/** Looks again and again until something is the case that nobody announces. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + DEADLINE
  while (!condition()) {
    if (performance.now() > end) throw new Error(`Waited in vain: ${what}`)
    await delay(2)
  }
}
