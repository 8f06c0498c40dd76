import assert from 'node:assert/strict'
import { eventually } from './wait.js'

/** The clock that deadlines are measured by, while a case holds it. */
export interface HeldClock {
  /** Moves it on by so many ms, and waits until something has looked at it since. */
  pass(ms: number): Promise<void>
  /** Lets time pass by itself again; what went by while it was held has gone by at once. */
  release(): void
}

/** Stops `performance.now()`. Timers run as ever, and what they wake sees that no time has passed. */
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
