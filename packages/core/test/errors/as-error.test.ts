import { describe, expect, it } from '@jest/globals'
import { runInNewContext } from 'node:vm'
import { inspect } from 'node:util'
import { asError, isError, messageOf, propertyOf } from '../../src/lib/errors/as-error.js'
import { atCaller, Caller } from '../../src/lib/errors/caller.js'
import { isExpectedClose } from '../../src/lib/errors/expected-close.js'
import { isSockError } from '../../src/lib/errors/errors.js'

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
    expect(asError(value).cause).toBe(value)
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

function throws(): never {
  throw new Error('this value cannot be read')
}

const REVOKED = Proxy.revocable({}, {})
REVOKED.revoke()

/** Values that resist. */
const HOSTILE: [string, unknown][] = [
  [
    'an error whose parts throw',
    Object.defineProperties(
      new Error('x'),
      Object.fromEntries(
        ['message', 'code', 'cause', 'syscall', 'errors'].map((name) => [name, { get: throws }]),
      ),
    ),
  ],
  [
    'an error whose parts are constant',
    Object.defineProperties(new Error('x'), {
      message: { value: 'x', configurable: false },
      stack: { value: '', configurable: false },
      code: { value: 'ENOENT' },
      syscall: { value: 'bind' },
    }),
  ],
  ['a frozen error', Object.freeze(Object.assign(new Error('x'), { code: 'ENOENT', syscall: 'bind' }))],
  [
    'an object whose parts throw',
    Object.defineProperties({}, { message: { get: throws }, code: { get: throws } }),
  ],
  [
    'a proxy that throws',
    new Proxy(new Error('x'), { get: throws, has: throws, getPrototypeOf: throws, isExtensible: throws }),
  ],
  ['a proxy that was revoked', REVOKED.proxy],
]

describe('a value that resists', () => {
  it.each(HOSTILE)('%s is read without a failure, and passed on as it is', (_, value) => {
    const error = asError(value)
    expect(error === value || Object.is(error.cause, value)).toBe(true)
    expect(isError(error)).toBe(true)
    expect(typeof messageOf(value)).toBe('string')
    propertyOf(value, 'code')
    expect([isSockError(value, 'ERR_SOCK_CLOSED'), isExpectedClose(value)]).toEqual([false, false])

    const caller = new Caller(throws, { action: 'listen', transport: 'tcp', target: ':80' })
    expect(Object.is(caller.failure(value), value)).toBe(true)
    let caught: unknown
    try {
      atCaller(throws, () => {
        throw value
      })
    } catch (thrown) {
      caught = thrown
    }
    expect(Object.is(caught, value)).toBe(true)
  })
})
