import { describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import { inspect } from 'node:util'
import { ipAddress, unixAddress } from '../../src/lib/address/address.js'
import {
  MAX_PATH_BYTES,
  parseUnixPath,
  parseUnixTarget,
  type UnixTarget,
} from '../../src/lib/address/unix-target.js'

const itOnLinux = process.platform === 'linux' ? it : it.skip

/** The error of a target that must be refused. */
function refusal(target: unknown): unknown {
  try {
    parseUnixTarget(target as UnixTarget)
  } catch (error) {
    return error
  }
  throw new Error('Expected a refusal')
}

describe('parseUnixTarget', () => {
  it('parseUnixTarget() takes a path, with mode 0600 and no owner by default', () => {
    const endpoint = parseUnixTarget('/run/app.sock')
    expect(endpoint).toMatchObject({ isAbstract: false, path: '/run/app.sock', mode: 0o600 })
    expect([endpoint.uid, endpoint.gid]).toEqual([undefined, undefined])
    expect(endpoint.address).toMatchObject({ family: 'unix', path: '/run/app.sock' })
    expect(String(endpoint.address)).toBe('/run/app.sock')
  })

  it('parseUnixTarget() takes the parts, and keeps zeros', () => {
    const endpoint = parseUnixTarget({ path: 'app.sock', mode: 0, uid: 0, gid: 0 })
    expect(endpoint).toMatchObject({ path: 'app.sock', mode: 0, uid: 0, gid: 0 })
  })

  it('parseUnixTarget() takes the greatest mode and ids', () => {
    const greatest = { mode: 0o777, uid: 2 ** 32 - 2, gid: 2 ** 32 - 2 }
    expect(parseUnixTarget({ path: '/x', ...greatest })).toMatchObject(greatest)
  })

  it('parseUnixTarget() takes an address, also with a mode, and a copy of it', () => {
    const address = unixAddress('/run/app.sock')
    expect(parseUnixTarget(address).path).toBe('/run/app.sock')
    expect(parseUnixTarget({ ...address, mode: 0o660 })).toMatchObject({
      path: '/run/app.sock',
      mode: 0o660,
    })
    expect(parseUnixTarget(JSON.parse(JSON.stringify(address)) as UnixTarget).path).toBe('/run/app.sock')
  })

  itOnLinux('parseUnixTarget() takes an abstract name, which begins with a NUL byte for the system', () => {
    const endpoint = parseUnixTarget('@app')
    expect(endpoint).toMatchObject({ isAbstract: true, path: '\0app' })
    expect(String(endpoint.address)).toBe('@app')
    expect(parseUnixTarget('@a/').path).toBe('\0a/')
  })

  it('parseUnixTarget() takes an @ that is not the first character as part of a path', () => {
    expect(parseUnixTarget('./@app')).toMatchObject({ isAbstract: false, path: './@app' })
  })

  itOnLinux.each([{ mode: 0o600 }, { uid: 0 }, { gid: 0 }])(
    'parseUnixTarget() refuses an abstract name with %j',
    (part) => {
      expect(refusal({ path: '@app', ...part })).toMatchObject({ code: 'ERR_SOCK_INVALID_ADDRESS' })
    },
  )

  it('parseUnixTarget() takes as many bytes as the system, and no more', () => {
    const longest = 'x'.repeat(MAX_PATH_BYTES)
    expect(parseUnixTarget(longest).path).toBe(longest)
    expect(refusal(`${longest}x`)).toMatchObject({
      code: 'ERR_SOCK_PATH_TOO_LONG',
      message: `Cannot use the socket path "${longest}x": it has ${MAX_PATH_BYTES + 1} bytes, and the system allows ${MAX_PATH_BYTES}. Use a shorter path, or one relative to the working directory`,
    })
  })

  it('parseUnixTarget() counts bytes, not characters', () => {
    expect(refusal('€'.repeat(40))).toMatchObject({ code: 'ERR_SOCK_PATH_TOO_LONG' })
  })

  it.each(
    [
      ['', 'empty'],
      ['@', 'empty'],
      ['a\0b', 'NUL'],
      ['\0name', 'NUL'],
      ['/tmp/', 'slash'],
      ['/', 'slash'],
      [undefined, 'Invalid target: expected a path, "@name" or { path }, got undefined'],
      [null, 'got null'],
      [42, 'Invalid target: expected a path, "@name" or { path }, got 42'],
      [Symbol('path'), 'got Symbol(path)'],
      [['/x'], "got [ '/x' ]"],
      [{}, '"path" is missing'],
      [{ path: undefined }, '"path" is missing'],
      [{ path: null }, '"path": expected a string'],
      ['127.0.0.1:80', 'this is an address of tcp or udp. Pass a path, such as "./127.0.0.1:80" for'],
      [':80', 'this is an address of tcp or udp'],
      ['localhost:80', 'this is an address of tcp or udp'],
      ['[::1]:80', 'this is an address of tcp or udp'],
      [{ path: new URL('file:///x') }, '"path": expected a string'],
      [{ path: '/x', mode: 0o1000 }, '"mode": expected an integer from 0 to 0o777'],
      [{ path: '/x', mode: 660 }, '"mode": expected an integer from 0 to 0o777, like 0o660, got 660'],
      [{ path: '/x', mode: '0660' }, `"mode": expected an integer from 0 to 0o777, like 0o660, got '0660'`],
      [{ path: '/x', mode: '0o660' }, 'like 0o660, got'],
      [{ path: '/x', mode: 'u=rw' }, `from 0 to 0o777, got 'u=rw'`],
      [{ path: '/x', mode: 888 }, 'from 0 to 0o777, got 888'],
      [{ path: '/x', mode: null }, '"mode": expected an integer'],
      [{ path: '/x', mode: '0600' }, '"mode": expected an integer'],
      [{ path: '/x', mode: 1.5 }, '"mode": expected an integer'],
      [{ path: '/x', uid: -1 }, '"uid": expected an integer'],
      [{ path: '/x', gid: 2 ** 32 - 1 }, '"gid": expected an integer'],
      [{ path: '/x', gid: Infinity }, '"gid": expected an integer'],
      [
        { path: '/x', port: 80 },
        'Invalid target: unknown "port". To listen, pass only "path", "mode", "uid", "gid"',
      ],
      [{ Path: '/x' }, 'Invalid target: unknown "Path": did you mean "path"? To listen, pass only "path", '],
      [Promise.resolve('/x'), 'expected a path, "@name" or { path }, got a promise. Await it first'],
      [ipAddress('127.0.0.1', 80), 'expected the address of a Unix socket'],
      [{ family: 'unix' }, '"path" is missing'],
    ].map(([target, why]) => ({ target, why, shown: inspect(target) })),
  )('parseUnixTarget() refuses $shown: $why', ({ target, why }) => {
    const error = refusal(target) as Error
    expect(error).toMatchObject({ name: 'SockError', code: 'ERR_SOCK_INVALID_ADDRESS' })
    expect(error.message).toMatch(/^Invalid target/)
    expect(error.message).toContain(why)
  })

  it('parseUnixTarget() looks at own properties only', () => {
    const target = Object.create({ path: '/inherited', mode: 0o777 }) as UnixTarget
    expect(refusal(target)).toMatchObject({ code: 'ERR_SOCK_INVALID_ADDRESS' })
    expect(parseUnixTarget(Object.assign(target, { path: '/own' }))).toMatchObject({
      path: '/own',
      mode: 0o600,
    })
  })

  itOnLinux('parseUnixTarget() shows the mode of a refused target in octal, as users write it', () => {
    expect((refusal({ path: '@x', mode: 0o600 }) as Error).message).toMatch(
      /^Invalid target \{ path: '@x', mode: 0o600 \}: "mode", "uid" and "gid" apply to socket files/,
    )
  })

  it('parseUnixTarget() takes frozen targets, and ones without a prototype', () => {
    expect(parseUnixTarget(Object.freeze({ path: '/x' })).path).toBe('/x')
    expect(parseUnixTarget(Object.assign(Object.create(null) as UnixTarget, { path: '/x' })).path).toBe('/x')
  })
})

describe('parseUnixPath', () => {
  it('parseUnixPath() takes a path, an address, or the path alone as an object', () => {
    for (const target of ['/x', { path: '/x' }, unixAddress('/x')]) {
      expect(parseUnixPath(target)).toMatchObject({ path: '/x', isAbstract: false })
    }
  })

  it('parseUnixPath() refuses the parts of a target to listen on', () => {
    const error = thrown(() => parseUnixPath({ path: 'x', mode: 0o600 } as UnixTarget))
    expect(error).toMatchObject({
      code: 'ERR_SOCK_INVALID_ADDRESS',
      message: 'Invalid target: unknown "mode". To connect, pass only "path"',
      cause: { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' },
    })
  })
})
