import { describe, expect, it } from '@jest/globals'
import { checkServerOptions } from '../src/lib/options/server-options.js'
import { boolean, milliseconds } from '../src/stream.js'
import { thrown } from './support/settle.js'

const checks = { idleTimeout: milliseconds(0), noDelay: boolean(true) }
const check = (handler: unknown, options?: unknown) =>
  checkServerOptions('createServer', handler, options, checks)
const run = (): void => {}

describe('checkServerOptions', () => {
  it('checkServerOptions() gives the options, checked', () => {
    expect(check(run, { noDelay: false })).toEqual({ idleTimeout: 0, noDelay: false })
    expect(check({ data: run })).toEqual({ idleTimeout: 0, noDelay: true })
    // What is wrong with a handler alone is said by its own check.
    expect(check({})).toEqual({ idleTimeout: 0, noDelay: true })
  })

  it.each<[unknown, unknown]>([
    [{ idleTimeout: 5 }, run],
    [{}, run],
    [undefined, run],
    [{ noDelay: true }, { data: run }],
    [{ noDelay: true }, undefined],
  ])('checkServerOptions(%p, %p) tells the order', (handler, options) => {
    const error = thrown(() => check(handler, options))
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' })
    expect(error.message).toBe('Invalid arguments of createServer: the handler comes first, then the options')
  })

  it('checkServerOptions() names an option that is wrong or unknown', () => {
    expect(thrown(() => check(run, { idleTimeOut: 5 })).message).toMatch(
      /^Unknown option "idleTimeOut" in createServer options/,
    )
    expect(thrown(() => check(run, 5)).message).toBe(
      'Invalid "createServer options": expected an object, got 5',
    )
  })
})
