import { describe, expect, it } from '@jest/globals'
import { runInNewContext } from 'node:vm'
import { inspect } from 'node:util'
import { asError } from '../../src/lib/errors/as-error.js'

describe('asError', () => {
  it('asError() returns an error as it is, also one of another realm', () => {
    const foreign: unknown = runInNewContext('new TypeError("x")')
    expect(foreign).not.toBeInstanceOf(Error)
    for (const error of [new Error('x'), new TypeError('x'), foreign]) expect(asError(error)).toBe(error)
  })

  it.each<[string, unknown, string]>([
    ['a string', 'oops', 'oops'],
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a symbol', Symbol('oops'), 'Symbol(oops)'],
    ['an object', { oops: true }, '{ oops: true }'],
    ['an object without a prototype', Object.create(null), '[Object: null prototype] {}'],
  ])('asError() makes an error of %s, with its text as the message', (_, value, message) => {
    expect(asError(value)).toBeInstanceOf(Error)
    expect(asError(value).message).toBe(message)
  })

  it('asError() makes an error of a value that cannot be printed', () => {
    const value = {
      [inspect.custom](): never {
        throw new Error('no text')
      },
    }
    expect(asError(value).message).toBe('a value that cannot be printed')
  })
})
