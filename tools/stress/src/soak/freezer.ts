import { pause } from './pause.js'
import type { Process } from './processes.js'
import type { Random } from './random.js'

/** Between two stops, and how long one takes, in ms. */
const EVERY = [1_500, 6_000] as const
const FOR = [300, 2_500] as const

/** Stops a process (SIGSTOP) now and then, with everything it has open: that looks like a machine that hangs. */
export interface Freezer {
  /** Goes on until `signal` aborts; the process runs when the promise resolves. */
  run(signal: AbortSignal): Promise<void>
}

export function createFreezer(process: Process, random: Random): Freezer {
  let due = random.integer(...EVERY)
  return {
    async run(signal) {
      while (!signal.aborted) {
        const since = performance.now()
        await pause(due, signal)
        due -= performance.now() - since
        if (signal.aborted) return
        process.kill('SIGSTOP')
        await pause(random.integer(...FOR), signal)
        process.kill('SIGCONT')
        due = random.integer(...EVERY)
      }
    },
  }
}
