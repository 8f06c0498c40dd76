import { jest } from '@jest/globals'
import { later } from '@sock/test-support/resources'
import { until } from '@sock/test-support/wait'

/** The clock that time-outs of connections read, stopped until the test is over. */
export interface Clock {
  /** Advances it, and waits until some code has looked at it. */
  pass(ms: number): Promise<void>
  /** Advances it only. */
  advance(ms: number): void
}

export function holdClock(): Clock {
  let time = performance.now()
  const clock = jest.spyOn(performance, 'now').mockImplementation(() => time)
  later(() => clock.mockRestore())
  const advance = (ms: number): void => void (time += ms)
  return {
    advance,
    async pass(ms) {
      advance(ms)
      const looks = clock.mock.calls.length
      await until(() => clock.mock.calls.length > looks, 'some code looks at the clock')
    },
  }
}
