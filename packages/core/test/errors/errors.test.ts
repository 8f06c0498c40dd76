import { describe, expect, it } from '@jest/globals'
import { inspect } from 'node:util'
import { isSockError, SockError } from '../../src/index.js'
import { ipAddress } from '../../src/transport.js'
import { loadSecondCopy } from '../support/second-copy.js'

describe('SockError', () => {
  it('SockError is an Error with a name, a code and a message', () => {
    const error = new SockError('ERR_SOCK_CLOSED', 'Cannot write: the connection is closed')
    expect(error).toBeInstanceOf(Error)
    expect(error.name).toBe('SockError')
    expect(error.code).toBe('ERR_SOCK_CLOSED')
    expect(String(error)).toBe('SockError: Cannot write: the connection is closed')
    expect(error.stack).toMatch(/^SockError: Cannot write/)
    expect(inspect(error)).toContain("code: 'ERR_SOCK_CLOSED'")
  })

  it('SockError has the property cause only if one was given, even undefined', () => {
    const cause = new Error('underneath')
    expect(new SockError('ERR_SOCK_RESET', 'x', { cause }).cause).toBe(cause)
    expect(new SockError('ERR_SOCK_RESET', 'x', { cause: undefined })).toHaveProperty('cause')
    expect(new SockError('ERR_SOCK_RESET', 'x')).not.toHaveProperty('cause')
  })

  it('SockError has the remoteAddress or the report that it is about', () => {
    const remoteAddress = ipAddress('::1', 80)
    const report = { idle: 1, drained: 2, forced: 3 }
    expect(new SockError('ERR_SOCK_HANDSHAKE_FAILED', 'x', { remoteAddress }).remoteAddress).toBe(
      remoteAddress,
    )
    expect(new SockError('ERR_SOCK_SHUTDOWN_TIMEOUT', 'x', { report }).report).toBe(report)
    const bare = new SockError('ERR_SOCK_CLOSED', 'x')
    expect([bare.remoteAddress, bare.report]).toEqual([undefined, undefined])
  })

  it('SockError prints only the properties that it has', () => {
    expect(inspect(new SockError('ERR_SOCK_CLOSED', 'x'))).not.toContain('undefined')
    const remoteAddress = ipAddress('127.0.0.1', 80)
    expect(inspect(new SockError('ERR_SOCK_HANDSHAKE_FAILED', 'x', { remoteAddress }))).toContain('127.0.0.1')
  })
})

describe('isSockError', () => {
  it('isSockError() is true for a SockError, and with a code only for one of that code', () => {
    const error = new SockError('ERR_SOCK_CLOSED', 'x')
    expect(isSockError(error)).toBe(true)
    expect(isSockError(error, 'ERR_SOCK_CLOSED')).toBe(true)
    expect(isSockError(error, 'ERR_SOCK_RESET')).toBe(false)
  })

  it('isSockError() is false for anything else, also with such a code', () => {
    const lookalike = Object.assign(new Error('x'), { name: 'SockError', code: 'ERR_SOCK_CLOSED' })
    for (const value of [lookalike, new Error('x'), {}, null, undefined, 'ERR_SOCK_CLOSED', 1, SockError]) {
      expect(isSockError(value)).toBe(false)
    }
  })

  it('isSockError() matches errors of a second copy, which instanceof does not', async () => {
    const copy = await loadSecondCopy()
    const theirs = new copy.SockError('ERR_SOCK_DRAINING', 'Server is draining')
    expect(theirs).not.toBeInstanceOf(SockError)
    expect(isSockError(theirs, 'ERR_SOCK_DRAINING')).toBe(true)
    expect(copy.isSockError(new SockError('ERR_SOCK_CLOSED', 'x'))).toBe(true)
    expect(copy.isSockError(new Error('x'))).toBe(false)
  })
})
