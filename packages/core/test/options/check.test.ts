import { describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import { runInNewContext } from 'node:vm'
import { check, checkOptions, wrongType } from '../../src/transport.js'

const checks = { port: check.integer(80, 0, 65_535), name: check.string('none'), flag: check.boolean(false) }
const checked = (value: unknown) => checkOptions('test options', value, checks)

describe('wrongType', () => {
  it('wrongType() shows large and nested values in one short line', () => {
    const { message } = wrongType('x', 'a string', { a: { b: { c: 'deep' } }, list: [1, 2, 3] })
    expect(message).toBe(`Invalid "x": expected a string, got { a: [Object], list: [Array] }`)
  })

  it('wrongType() of a promise says that it must be awaited', () => {
    expect(wrongType('x', 'a string', Promise.resolve('later')).message).toBe(
      'Invalid "x": expected a string, got a promise. Await it first',
    )
  })
})

describe('checkOptions', () => {
  it('checkOptions() returns every option, with its fallback where it is missing', () => {
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
    for (const key of ['prot', 'toString', 'constructor', '__proto__']) {
      const error = thrown(() => checked(JSON.parse(`{ "${key}": 1 }`)))
      expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' })
      expect(error.message).toBe(
        `Unknown option "${key}" in test options: the known options are port, name, flag`,
      )
    }
  })

  it('checkOptions() names the option that a misspelt one probably stands for', () => {
    for (const key of ['Port', 'por', 'ports']) {
      expect(thrown(() => checked({ [key]: 1 })).message).toBe(
        `Unknown option "${key}" in test options: did you mean "port"? The known options are port, name, flag`,
      )
    }
  })

  it('checkOptions() says of an unknown "timeout" that a signal limits the time, where there is one', () => {
    const refusal = (known: object, what = 'test options') =>
      thrown(() => checkOptions(what, { timeout: 1 }, known as typeof checks)).message
    expect(refusal({ signal: check.abortSignal })).toBe(
      'Unknown option "timeout" in test options: the known options are signal. To limit the time, pass signal: AbortSignal.timeout(ms)',
    )
    expect(refusal({ port: checks.port })).toMatch(/the known options are port$/)
  })

  it('checkOptions() says of an unknown option of listen() where parts of the target belong', () => {
    for (const key of ['mode', 'timeout']) {
      const error = thrown(() => checkOptions('listen options', { [key]: 1 }, { signal: check.abortSignal }))
      expect(error.message).toBe(
        `Unknown option "${key}" in listen options: the known options are signal. Parts of the target belong to the first argument`,
      )
    }
  })

  it.each<[string, object]>([
    ['a Map', new Map([['port', 1]])],
    ['a URLSearchParams', new URLSearchParams('port=1')],
    ['a Date', new Date(0)],
    [
      'an instance of a class with getters',
      new (class Settings {
        get port() {
          return 1
        }
      })(),
    ],
    [
      'an instance of a class with fields',
      new (class Settings {
        port = 1
      })(),
    ],
    ['an object that inherits its options', Object.create({ port: 1 }) as object],
    [
      'the same, from an object without a prototype',
      Object.create(Object.create(null, { port: { value: 1 } })) as object,
    ],
  ])('checkOptions() refuses %s, whose options it would ignore', (_, value) => {
    const error = thrown(() => checked(value))
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
    expect(error.message).toMatch(/^Invalid "test options": expected a plain object, got /)
  })

  it('checkOptions() takes options of another realm', () => {
    expect(checked(runInNewContext('({ port: 1 })')).port).toBe(1)
    expect(checked(new Proxy({ port: 2 }, {})).port).toBe(2)
  })

  it('checkOptions() looks at own keys only, also when a prototype is polluted', () => {
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

  it('checkOptions() returns a frozen copy, which later changes do not reach', () => {
    const options = { port: 1 }
    const result = checked(options)
    options.port = 2
    expect(result.port).toBe(1)
    expect(Object.isFrozen(result)).toBe(true)
    expect(thrown(() => Object.assign(result, { port: 3 }))).toBeInstanceOf(TypeError)
  })
})
