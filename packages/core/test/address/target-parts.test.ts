import { describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import { areParts, checkParts, invalid, notATarget } from '../../src/lib/address/target-parts.js'
import { integer, string } from '../../src/lib/options/values.js'

const checks = { path: string(undefined), mode: integer(0o600, 0, 0o777) }

/** The error for these parts of a target, which was passed as it is or as a text. */
const refused = (
  parts: Record<string, unknown>,
  target: unknown = parts,
  purpose: 'listen' | 'connect' = 'listen',
) => thrown(() => checkParts(purpose, target, parts, checks))

describe('checkParts', () => {
  it('checkParts() returns the parts, with defaults', () => {
    expect(checkParts('listen', {}, { path: '/x' }, checks)).toEqual({ path: '/x', mode: 0o600 })
  })

  it('checkParts() names a misspelt part, the right one, and all that there are', () => {
    expect(refused({ path: '/x', mod: 0o600 })).toMatchObject({
      code: 'ERR_SOCK_INVALID_ADDRESS',
      message: 'Invalid target: unknown "mod": did you mean "mode"? To listen, pass only "path", "mode"',
      cause: { code: 'ERR_INVALID_ARG_VALUE' },
    })
    expect(refused({ tls: true }).message).toBe(
      'Invalid target: unknown "tls". To listen, pass only "path", "mode"',
    )
  })

  it('checkParts() says of an option in a target to connect to that options are the second argument', () => {
    const refusal = (key: string) => refused({ path: '/x', [key]: 1 }, {}, 'connect').message
    expect(refusal('idleTimeout')).toBe(
      'Invalid target: unknown "idleTimeout". To connect, pass only "path", "mode". Options are the second argument',
    )
    // A misspelt part, and a part of a target to listen on, are no options.
    for (const key of ['Path', 'mod', 'reusePort']) expect(refusal(key)).toMatch(/pass only "path", "mode"$/)
  })

  it('checkParts() says which part of an object is wrong, and shows the whole of a string', () => {
    expect(refused({ mode: '600' }).message).toMatch(/^Invalid target: invalid "mode": expected an integer/)
    expect(refused({ mode: 0o1000 }, '/x').message).toMatch(/^Invalid target '\/x': invalid "mode"/)
  })
})

describe('areParts', () => {
  it.each([
    ['an object', {}, true],
    ['a string', '/x', false],
    ['nothing', undefined, false],
    ['a promise that was not awaited', Promise.resolve({}), false],
  ])('areParts() of %s', (_, value, expected) => {
    expect(areParts(value)).toBe(expected)
  })
})

describe('errors of targets', () => {
  it('notATarget() says what was expected, and that a promise must be awaited', () => {
    expect(notATarget(8080, 'a path').message).toBe('Invalid target: expected a path, got 8080')
    expect(notATarget(Promise.resolve(), 'a path').message).toBe(
      'Invalid target: expected a path, got a promise. Await it first',
    )
  })

  it('invalid() shows the target on one line, with its mode in octal', () => {
    const target = { path: '/x', mode: 0o660 }
    expect(invalid(target, 'it is wrong').message).toBe(
      "Invalid target { path: '/x', mode: 0o660 }: it is wrong",
    )
    expect(target.mode).toBe(0o660)
  })
})
