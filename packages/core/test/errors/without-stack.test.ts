import { expect, it } from '@jest/globals'
import { withoutStack } from '../../src/lib/errors/without-stack.js'

it('withoutStack() creates errors without a stack, and later errors have theirs', () => {
  expect(withoutStack(() => new TypeError('wrong')).stack).toBe('TypeError: wrong')
  expect(new Error('later').stack).toContain('without-stack.test')
})

it('withoutStack() throws what is thrown in it, and later errors have their stack', () => {
  const thrown = new Error('no')
  expect(() =>
    withoutStack(() => {
      throw thrown
    }),
  ).toThrow(thrown)
  expect(new Error('later').stack).toContain('without-stack.test')
})

it('withoutStack() respects the limit that the program has set', () => {
  const { stackTraceLimit } = Error
  try {
    Error.stackTraceLimit = 1
    withoutStack(() => new Error('x'))
    expect(Error.stackTraceLimit).toBe(1)
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
})
