import { describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import { check, type Check } from '../../src/transport.js'

const MAX_TIMEOUT = 2 ** 31 - 1

/** Each check with values that it accepts, values that it refuses, and the messages. */
const TABLE: readonly [
  name: string,
  check: Check<unknown>,
  good: readonly unknown[],
  type: readonly unknown[],
  range: readonly unknown[],
][] = [
  [
    'integer',
    check.integer(undefined, -1, 5),
    [-1, 0, 5],
    ['5', null, true, 5n, {}, []],
    [-2, 6, 1.5, NaN, Infinity, -Infinity],
  ],
  [
    'milliseconds',
    check.milliseconds(undefined),
    [0, 1, MAX_TIMEOUT],
    ['1s', null, new Date()],
    [-1, MAX_TIMEOUT + 1, 0.5, NaN, Infinity],
  ],
  ['milliseconds from 1', check.milliseconds(undefined, 1), [1], [''], [0, -1]],
  [
    'limit',
    check.limit(7),
    [0, 1, Number.MAX_SAFE_INTEGER, Infinity],
    ['∞', null, 1n],
    [-1, -Infinity, NaN, 0.1, 2 ** 53],
  ],
  ['boolean', check.boolean(undefined), [true, false], [0, 1, 'true', null], []],
  ['string', check.string(undefined), ['', 'x'], [0, null, ['x'], Symbol('x')], []],
  ['func', check.func(), [() => {}, Date], [{}, 'f', null], []],
  ['object', check.object(), [{}, Object.create(null), new Map()], [[], 'x', 1, null, () => {}], []],
  [
    'abortSignal',
    check.abortSignal,
    [AbortSignal.abort(), new AbortController().signal, AbortSignal.timeout(1)],
    [
      new AbortController(),
      {},
      null,
      true,
      { aborted: 1 },
      { aborted: false },
      Object.assign(new EventTarget(), { aborted: false }),
    ],
    [],
  ],
]

describe('checks', () => {
  it.each(TABLE)('check.%s returns a valid value as it is', (_, one, good) => {
    for (const value of good) expect(one(value, 'option')).toBe(value)
  })

  it.each(TABLE)(
    'check.%s refuses a wrong type with ERR_INVALID_ARG_TYPE, the option and the value',
    (_, one, __, wrong) => {
      for (const value of wrong) {
        const error = thrown(() => one(value, 'option'))
        expect(error).toBeInstanceOf(TypeError)
        expect(error.code).toBe('ERR_INVALID_ARG_TYPE')
        expect(error.message).toMatch(/^Invalid "option": expected an? [\w ]+, got ./)
      }
    },
  )

  it.each(TABLE.filter(([, , , , range]) => range.length > 0))(
    'check.%s refuses a value out of range with ERR_OUT_OF_RANGE, the option and the value',
    (_, one, __, ___, range) => {
      for (const value of range) {
        const error = thrown(() => one(value, 'option'))
        expect(error).toBeInstanceOf(RangeError)
        expect(error.code).toBe('ERR_OUT_OF_RANGE')
        expect(error.message).toMatch(/^Invalid "option": expected an integer from -?\d+ to \d+, got /)
        expect(error.message).toContain(String(value))
      }
    },
  )
})

describe('oneOf', () => {
  it('check.oneOf() refuses other values with ERR_INVALID_ARG_VALUE, and lists those that it knows', () => {
    const one = check.oneOf<'a' | 1>(['a', 1], 1)
    expect([one(undefined, 'x'), one('a', 'x'), one(1, 'x')]).toEqual([1, 'a', 1])
    const error = thrown(() => one('1', 'option'))
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
      message: `Invalid "option": expected one of 'a', 1, got '1'`,
    })
  })
})

describe('fallback', () => {
  it('the fallback of a check replaces undefined, and nothing else', () => {
    expect(check.integer('none', 0, 1)(undefined, 'x')).toBe('none')
    expect(check.milliseconds(30)(undefined, 'x')).toBe(30)
    expect(check.limit(7)(undefined, 'x')).toBe(7)
    expect(check.boolean(true)(undefined, 'x')).toBe(true)
    expect(check.string('s')(undefined, 'x')).toBe('s')
    expect([
      check.func()(undefined, 'x'),
      check.object()(undefined, 'x'),
      check.abortSignal(undefined, 'x'),
    ]).toEqual([undefined, undefined, undefined])
  })
})
