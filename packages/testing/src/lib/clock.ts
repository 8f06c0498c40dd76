import assert from 'node:assert/strict'
import { eventually } from './wait.js'

/** The clock of deadlines, stopped by a case. */
export interface HeldClock {
  /** Advances the clock by this many ms, and waits until some code has read it since. */
  pass(ms: number): Promise<void>
  /** Lets time pass again. The time that was held back passes at once. */
  release(): void
}

/** Stops `performance.now()`. Timers still fire, and find that no time has passed. */
export function holdClock(): HeldClock {
  const own = Object.getOwnPropertyDescriptor(performance, 'now')
  let time = performance.now()
  let looks = 0
  const now = (): number => {
    looks += 1
    return time
  }
  Object.defineProperty(performance, 'now', { configurable: true, writable: true, value: now })
  return {
    async pass(ms) {
      time += ms
      const before = looks
      await eventually(() => assert.notEqual(looks, before, 'Nothing looks at the clock'))
    },
    release() {
      if (performance.now !== now) return
      if (own === undefined) Reflect.deleteProperty(performance, 'now')
      else Object.defineProperty(performance, 'now', own)
    },
  }
}
