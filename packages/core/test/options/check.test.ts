import { describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/tools/testing/wait'
import { streamClientChecks, nodeEngine, streamServerChecks } from '../../src/stream.js'
import { check, checkOptions, wrongType, type Check } from '../../src/transport.js'

const MAX_TIMEOUT = 2 ** 31 - 1

const checks = { port: check.integer(80, 0, 65_535), name: check.string('none'), flag: check.boolean(false) }
const checked = (value: unknown) => checkOptions('test options', value, checks)

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
    [AbortSignal.abort(), new AbortController().signal, { aborted: false }],
    [new AbortController(), {}, null, true, { aborted: 1 }],
    [],
  ],
]

describe.each(TABLE)('%s', (_, one, good, wrong, range) => {
  it('a check takes what is good, as it is', () => {
    for (const value of good) expect(one(value, 'option')).toBe(value)
  })

  it('a check refuses a wrong type with ERR_INVALID_ARG_TYPE, and names option and value', () => {
    for (const value of wrong) {
      const error = thrown(() => one(value, 'option'))
      expect(error).toBeInstanceOf(TypeError)
      expect(error.code).toBe('ERR_INVALID_ARG_TYPE')
      expect(error.message).toMatch(/^Invalid "option": expected an? [\w ]+, got ./)
    }
  })

  it('a check refuses what is out of range with ERR_OUT_OF_RANGE, and names option and value', () => {
    for (const value of range) {
      const error = thrown(() => one(value, 'option'))
      expect(error).toBeInstanceOf(RangeError)
      expect(error.code).toBe('ERR_OUT_OF_RANGE')
      expect(error.message).toMatch(/^Invalid "option": expected an integer from -?\d+ to \d+, got /)
      expect(error.message).toContain(String(value))
    }
  })
})

describe('oneOf', () => {
  it('oneOf refuses other values with ERR_INVALID_ARG_VALUE, and names those that it knows', () => {
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

describe('fallbacks', () => {
  it('fallbacks stand in for undefined, and for nothing else', () => {
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

describe('wrongType', () => {
  it('wrongType() shows large and nested values in one short line', () => {
    const { message } = wrongType('x', 'a string', { a: { b: { c: 'deep' } }, list: [1, 2, 3] })
    expect(message).toBe(`Invalid "x": expected a string, got { a: [Object], list: [Array] }`)
  })
})

describe('checkOptions', () => {
  it('checkOptions() gives every key, with its fallback where it is missing', () => {
    expect(checked(undefined)).toEqual({ port: 80, name: 'none', flag: false })
    expect(checked({})).toEqual({ port: 80, name: 'none', flag: false })
    expect(checked({ port: 0, name: undefined, flag: true })).toEqual({ port: 0, name: 'none', flag: true })
  })

  it('checkOptions() refuses what is no object', () => {
    for (const value of [null, 1, 'x', true, [], () => {}]) {
      const error = thrown(() => checked(value))
      expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
      expect(error.message).toMatch(/^Invalid "test options": expected an object, got /)
    }
  })

  it('checkOptions() refuses unknown keys, and lists the known ones', () => {
    for (const key of ['prot', 'Port', 'toString', 'constructor', '__proto__']) {
      const error = thrown(() => checked(JSON.parse(`{ "${key}": 1 }`)))
      expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' })
      expect(error.message).toBe(
        `Unknown option "${key}" in test options: the known options are port, name, flag`,
      )
    }
  })

  it('checkOptions() looks at own keys only, also when a prototype is polluted', () => {
    const inherited = Object.create({ port: 'bad', other: 1 }) as object
    expect(checked(inherited)).toEqual({ port: 80, name: 'none', flag: false })
    const prototype = Object.prototype as { port?: unknown }
    prototype.port = 'polluted'
    try {
      expect(checked({})).toEqual({ port: 80, name: 'none', flag: false })
      expect(checked({ name: 'x' }).port).toBe(80)
    } finally {
      delete prototype.port
    }
  })

  it('checkOptions() takes frozen options, and ones without a prototype', () => {
    expect(checked(Object.freeze({ port: 1 })).port).toBe(1)
    expect(checked(Object.assign(Object.create(null), { port: 2 })).port).toBe(2)
  })

  it('checkOptions() reads each option once, so that no getter can change its mind', () => {
    let reads = 0
    const options = {
      get port() {
        reads += 1
        return reads === 1 ? 8080 : 'changed'
      },
    }
    expect(checked(options).port).toBe(8080)
    expect(reads).toBe(1)
  })

  it('checkOptions() gives a frozen copy, which later changes do not reach', () => {
    const options = { port: 1 }
    const result = checked(options)
    options.port = 2
    expect(result.port).toBe(1)
    expect(Object.isFrozen(result)).toBe(true)
    expect(thrown(() => Object.assign(result, { port: 3 }))).toBeInstanceOf(TypeError)
  })
})

describe('streamServerChecks and streamClientChecks', () => {
  it('streamServerChecks have the defaults that are documented', () => {
    expect(checkOptions('options', {}, streamServerChecks)).toEqual({
      idleTimeout: 0,
      readTimeout: 0,
      writeTimeout: 0,
      highWaterMark: 65_536,
      maxWriteBuffer: 67_108_864,
      configure: undefined,
      engine: nodeEngine,
      shutdownTimeout: 25_000,
      maxConnections: Infinity,
      maxBufferedBytes: Infinity,
      firstByteTimeout: 0,
      maxLifetime: 0,
      drainIdle: 500,
      backlog: 511,
    })
  })

  it('streamClientChecks have the defaults that are documented', () => {
    expect(checkOptions('options', {}, streamClientChecks)).toEqual({
      idleTimeout: 0,
      readTimeout: 0,
      writeTimeout: 0,
      highWaterMark: 65_536,
      maxWriteBuffer: 67_108_864,
      configure: undefined,
      engine: nodeEngine,
      signal: undefined,
      onState: undefined,
    })
  })

  it('highWaterMark and backlog have an upper bound', () => {
    const error = thrown(() => checkOptions('options', { highWaterMark: 2 ** 30 + 1 }, streamServerChecks))
    expect(error.message).toBe(
      'Invalid "highWaterMark": expected an integer from 1 to 1073741824, got 1073741825',
    )
    expect(thrown(() => checkOptions('options', { backlog: 2 ** 31 }, streamServerChecks)).code).toBe(
      'ERR_OUT_OF_RANGE',
    )
  })
})
