import { jest } from '@jest/globals'

/** Stops the clock that deadlines are measured by until `action` is over: none strikes meanwhile, however slow the machine is. */
export async function untimed<T>(action: () => Promise<T>): Promise<T> {
  const clock = jest.spyOn(performance, 'now').mockReturnValue(performance.now())
  try {
    return await action()
  } finally {
    clock.mockRestore()
  }
}
