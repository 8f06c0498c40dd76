import { describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
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

  it('checkServerOptions() says of a part of the target that it belongs there', () => {
    const refusal = (options: object) =>
      thrown(() => checkServerOptions('createServer', run, options, checks, ['path', 'mode']))
    expect(refusal({ noDelay: true, mode: 0o600 })).toMatchObject({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_VALUE',
      message:
        'Unknown option "mode" in createServer options: it belongs to the target. Call listen({ path, mode })',
    })
    expect(refusal({ path: '/x' }).message).toMatch(/it belongs to the target\. Call listen\(\{ path \}\)$/)
    // It is an option, too.
    expect(checkServerOptions('createServer', run, { noDelay: false }, checks, ['port', 'noDelay'])).toEqual({
      idleTimeout: 0,
      noDelay: false,
    })
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
