import { expect } from '@jest/globals'

/** Of an error at the caller: one line, and below it the test's own file. So Node prints it when nobody catches it. */
export function expectHere(error: Error & { readonly code?: string }, code: string, message: string): void {
  expect(error).toMatchObject({ code, message: expect.stringContaining(message) })
  expect(error.message).not.toContain('\n')
  expect(String(error.stack).split('\n').slice(0, 2)).toEqual([
    String(error),
    expect.stringMatching(/^ {4}at .*\.test\.ts:/),
  ])
}
