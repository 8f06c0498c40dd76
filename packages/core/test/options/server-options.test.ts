import { describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/tools/testing/wait'
import { checkServerOptions } from '../../src/lib/options/server-options.js'
import { check } from '../../src/transport.js'

const checks = { idleTimeout: check.milliseconds(0), noDelay: check.boolean(true) }
const checked = (handler: unknown, options?: unknown) =>
  checkServerOptions('createServer', handler, options, checks)
const run = (): void => {}

describe('checkServerOptions', () => {
  it('checkServerOptions() returns the checked options, with a function or callbacks as handler', () => {
    expect(checked(run, { noDelay: false })).toEqual({ idleTimeout: 0, noDelay: false })
    expect(checked({ data: run })).toEqual({ idleTimeout: 0, noDelay: true })
    // The handler has its own check, which reports other errors.
    expect(checked({})).toEqual({ idleTimeout: 0, noDelay: true })
  })

  it.each<[unknown, unknown]>([
    [{ idleTimeout: 5 }, run],
    [{}, run],
    [undefined, run],
    [{ noDelay: true }, { data: run }],
    [{ noDelay: true }, undefined],
  ])('checkServerOptions(%p, %p) throws that the handler comes first', (handler, options) => {
    const error = thrown(() => checked(handler, options))
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' })
    expect(error.message).toBe(
      'Invalid arguments: the handler comes first, then the options: createServer(handler, options)',
    )
  })

  it('checkServerOptions() names an option that is wrong or unknown', () => {
    expect(thrown(() => checked(run, { idleTimeOut: 5 })).message).toMatch(
      /^Unknown option "idleTimeOut" in createServer options/,
    )
    expect(thrown(() => checked(run, 5)).message).toBe(
      'Invalid "createServer options": expected an object, got 5',
    )
  })
})
