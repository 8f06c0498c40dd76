import { setTimeout as delay } from 'node:timers/promises'

/** In ms: against hanging only, since how long something takes is the machine's business. */
const PATIENCE = 120_000
const INTERVAL = 2

/** Looks again and again until something is the case that nobody announces. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let looks = PATIENCE / INTERVAL; !condition(); looks--) {
    if (looks === 0) throw new Error(`Waited in vain: ${what}`)
    await delay(INTERVAL)
  }
}
