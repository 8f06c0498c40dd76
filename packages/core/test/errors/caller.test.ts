import { describe, expect, it } from '@jest/globals'
import { rejection, thrown } from '@sock/test-support/wait'
import { inspect } from 'node:util'
import { SockError } from '../../src/index.js'
import { ipAddress, unixAddress } from '../../src/lib/address/address.js'
import { atCaller, Caller, connectAtCaller, explainUnreachable } from '../../src/lib/errors/caller.js'
import { outOfRange } from '../../src/lib/options/check.js'

/** As Node makes them. */
function systemError(code: string, details: object = {}): NodeJS.ErrnoException {
  return Object.assign(new Error(`connect ${code}`), { code, syscall: 'connect', ...details })
}

const asked = { action: 'connect', transport: 'tcp', target: 'localhost:80' } as const

/** Stands for a public function in these tests. */
function connectSomething(fail: () => unknown, signal?: AbortSignal): unknown {
  const caller = new Caller(connectSomething, { ...asked })
  return caller.failure(fail(), signal)
}

/** Returns the first two lines of a stack: the message, and where the error began. */
function beginning(error: unknown): string[] {
  return String((error as Error).stack)
    .split('\n')
    .slice(0, 2)
}

const HERE = /^ {4}at .*caller\.test\.ts:/

describe('Caller', () => {
  it('Caller.failure() gives an error of the system a message for the caller, and a stack that begins there', () => {
    const error = systemError('ECONNREFUSED', { errno: -111, address: '127.0.0.1', port: 80 })
    expect(connectSomething(() => error)).toBe(error)
    const message =
      'Cannot connect to "localhost:80": nothing listens there (ECONNREFUSED). Start the server, or check host and port'
    expect({ ...error, message: error.message }).toEqual({
      message,
      code: 'ECONNREFUSED',
      errno: -111,
      syscall: 'connect',
      address: '127.0.0.1',
      port: 80,
    })
    expect(beginning(error)).toEqual([`Error: ${message}`, expect.stringMatching(HERE)])
    expect(error.stack).not.toContain('connectSomething')
  })

  it('Caller.failure() keeps the message of a SockError, and of what has a cause', () => {
    const own = new SockError('ERR_SOCK_PATH_IN_USE', 'Cannot listen on "/x": the socket there is in use')
    connectSomething(() => own)
    expect(beginning(own)).toEqual([`SockError: ${own.message}`, expect.stringMatching(HERE)])
    const wrapped = Object.assign(new Error('Cannot set "mode" 0o660 of "/x": no', { cause: own }), {
      code: 'EPERM',
      syscall: 'chmod',
    })
    connectSomething(() => wrapped)
    expect(beginning(wrapped)[0]).toBe('Error: Cannot set "mode" 0o660 of "/x": no')
  })

  it.each([
    ['an error without a code, which may be a mistake', () => new TypeError('x is undefined')],
    ['an error that is frozen', () => Object.freeze(systemError('ECONNREFUSED'))],
    ['what is no error', () => 'text'],
  ])('Caller.failure() leaves alone %s', (_, make) => {
    const given: unknown = make()
    const before = inspect(given)
    expect(connectSomething(() => given)).toBe(given)
    expect(inspect(given)).toBe(before)
  })

  it('Caller.failure() leaves alone the reason of the signal, which belongs to the program', () => {
    const reason = systemError('ECONNREFUSED')
    const before = inspect(reason)
    expect(connectSomething(() => reason, AbortSignal.abort(reason))).toBe(reason)
    expect(inspect(reason)).toBe(before)
  })

  it('Caller.failure() takes the first error of a name with several addresses, and the others as cause if they differ', () => {
    const all = (...codes: string[]) => new AggregateError(codes.map((code) => systemError(code)))
    const same = all('ECONNREFUSED', 'ECONNREFUSED')
    const error = connectSomething(() => same)
    expect(error).toBe(same.errors[0])
    expect(error).not.toHaveProperty('cause')
    const different = all('ENETUNREACH', 'ECONNREFUSED')
    expect(connectSomething(() => different)).toMatchObject({
      code: 'ENETUNREACH',
      cause: different,
      message: expect.stringContaining('this machine has no route to that network (ENETUNREACH). '),
    })
  })

  it('Caller.failure() works where errors record no stack', () => {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    try {
      expect(connectSomething(() => systemError('ECONNREFUSED'))).toMatchObject({ code: 'ECONNREFUSED' })
    } finally {
      Error.stackTraceLimit = stackTraceLimit
    }
  })
})

describe('atCaller', () => {
  const create = (): unknown =>
    atCaller(create, () => {
      throw outOfRange('idleTimeout', 'an integer', -1)
    })

  it('atCaller() lets the stack of what is thrown begin at the caller', () => {
    const error = thrown(create)
    expect(error).toBeInstanceOf(RangeError)
    expect(beginning(error)[0]).toBe('RangeError: Invalid "idleTimeout": expected an integer, got -1')
    // `thrown` is the caller here.
    expect(beginning(error)[1]).toMatch(/^ {4}at thrown /)
  })

  it('connectAtCaller() rejects with what is thrown at once', async () => {
    function connect(): Promise<unknown> {
      return connectAtCaller(connect, { transport: 'tcp', target: ':1' }, () => {
        throw outOfRange('port', 'an integer', -1)
      })
    }
    const error = await rejection(connect())
    expect(beginning(error)).toEqual([
      'RangeError: Invalid "port": expected an integer, got -1',
      expect.stringMatching(HERE),
    ])
  })
})

describe('explainUnreachable', () => {
  const peer = ipAddress('127.0.0.1', 9)
  const receiveError = (): NodeJS.ErrnoException =>
    Object.assign(new Error('recvmsg ECONNREFUSED'), {
      code: 'ECONNREFUSED',
      errno: -111,
      syscall: 'recvmsg',
    })

  it('explainUnreachable() says in message and stack what is wrong, and keeps code and call', () => {
    const error = receiveError()
    expect(explainUnreachable(error, peer)).toBe(error)
    const message =
      'Cannot reach "127.0.0.1:9": nothing listens there (ECONNREFUSED). Start the server, or check host and port'
    expect(error).toMatchObject({ message, code: 'ECONNREFUSED', errno: -111, syscall: 'recvmsg' })
    expect(beginning(error)).toEqual([`Error: ${message}`, expect.stringMatching(HERE)])
    // A port may report one error twice: to a read, and to a write.
    expect(explainUnreachable(error, peer).message).toBe(message)
  })

  it('explainUnreachable() of a Unix socket speaks of its path', () => {
    expect(explainUnreachable(receiveError(), unixAddress('/run/x')).message).toBe(
      'Cannot reach "/run/x": no server is listening there, or it is not a socket (ECONNREFUSED). Start the server, or check the path',
    )
  })

  it.each<[string, () => unknown]>([
    ['an error of this library', () => new SockError('ERR_SOCK_CLOSED', 'Channel is closed')],
    ['an error that says why already', () => Object.assign(receiveError(), { cause: new Error('why') })],
    ['an error that is not of the system', () => new TypeError('x is undefined')],
    ['an error that is frozen', () => Object.freeze(receiveError())],
  ])('explainUnreachable() leaves alone %s', (_, make) => {
    const given = make()
    const before = inspect(given)
    expect(explainUnreachable(given, peer)).toBe(given)
    expect(inspect(given)).toBe(before)
  })
})
