import type { Random } from './random.js'

/** Things that are done again and again, with a random pause before each. */
export interface Churn {
  /** Makes all pauses so many times as long. */
  pace: number
  resume(): void
  /** Resolves when nothing is under way. */
  pause(): Promise<void>
}

export interface Chore {
  /** The pause before, in ms, at least and at most. */
  readonly every: readonly [number, number]
  do(): Promise<void> | void
}

export function createChurn(
  chores: readonly Chore[],
  random: Random,
  failed: (error: unknown) => void,
): Churn {
  let state: 'paused' | 'running' = 'paused'
  const isRunning = (): boolean => state === 'running'
  const loops = new Set<Promise<void>>()
  const wakes = new Set<() => void>()

  /** Ends early when all is paused. */
  const rest = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        wakes.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      wakes.add(wake)
    })

  const left = new Map<Chore, number>()
  const loop = async (chore: Chore): Promise<void> => {
    while (isRunning()) {
      const ms = left.get(chore) ?? random.integer(...chore.every) * churn.pace
      const since = performance.now()
      await rest(ms)
      // What is left of a long rest is for the next time: else it would never come to its end.
      left.set(chore, Math.max(0, ms - (performance.now() - since)))
      if (!isRunning()) return
      left.delete(chore)
      try {
        await chore.do()
      } catch (error) {
        failed(error)
      }
    }
  }

  const churn: Churn = {
    pace: 1,
    resume() {
      if (isRunning()) return
      state = 'running'
      for (const chore of chores) {
        const running = loop(chore).finally(() => loops.delete(running))
        loops.add(running)
      }
    },
    async pause() {
      state = 'paused'
      for (const wake of wakes) wake()
      await Promise.all(loops)
    },
  }
  return churn
}
