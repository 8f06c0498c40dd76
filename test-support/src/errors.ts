import { expect } from '@jest/globals'

/** Checks that Node would print the error, uncaught, as one line, followed by the line of the test that made the call. */
export function expectHere(error: Error & { readonly code?: string }, code: string, message: string): void {
  expect(error).toMatchObject({ code, message: expect.stringContaining(message) })
  expect(error.message).not.toContain('\n')
  expect(String(error.stack).split('\n').slice(0, 2)).toEqual([
    String(error),
    expect.stringMatching(/^ {4}at .*\.test\.ts:/),
  ])
}
