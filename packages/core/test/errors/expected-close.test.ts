import { describe, expect, it } from '@jest/globals'
import { isExpectedClose, SockError, type SockErrorCode } from '../../src/index.js'
import { isPeerGone } from '../../src/lib/errors/expected-close.js'
import { systemError } from '../support/fake-server.js'
import { loadSecondCopy } from '../support/second-copy.js'

const GONE = ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED', 'EHOSTUNREACH', 'ENETDOWN', 'ENOTCONN']
const NODE_WORDS = ['ECANCELED', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_PREMATURE_CLOSE']
const ENDED: SockErrorCode[] = [
  'ERR_SOCK_CLOSED',
  'ERR_SOCK_DRAINING',
  'ERR_SOCK_FIRST_BYTE_TIMEOUT',
  'ERR_SOCK_IDLE_TIMEOUT',
  'ERR_SOCK_LIFETIME',
  'ERR_SOCK_RESET',
]
const FAILURES: SockErrorCode[] = [
  'ERR_SOCK_BACKPRESSURE',
  'ERR_SOCK_CONNECTION_LIMIT',
  'ERR_SOCK_DESCRIPTOR_LIMIT',
  'ERR_SOCK_HANDSHAKE_FAILED',
  'ERR_SOCK_INVALID_STATE',
  'ERR_SOCK_MESSAGE_TOO_LARGE',
  'ERR_SOCK_SHUTDOWN_TIMEOUT',
]

/** An error that was wrapped so many times. */
function wrapped(error: unknown, times: number): unknown {
  return times === 0 ? error : wrapped(new Error('around', { cause: error }), times - 1)
}

describe('isExpectedClose', () => {
  it.each([...GONE, ...NODE_WORDS])('isExpectedClose() and isPeerGone() are true for %s', (code) => {
    expect(isExpectedClose(systemError(code))).toBe(true)
    expect(isPeerGone(systemError(code))).toBe(true)
  })

  it.each(['ECONNREFUSED', 'EADDRINUSE', 'EMFILE', 'EIO', 'ENOENT'])(
    'isExpectedClose() and isPeerGone() are false for %s',
    (code) => {
      expect(isExpectedClose(systemError(code))).toBe(false)
      expect(isPeerGone(systemError(code))).toBe(false)
    },
  )

  it.each(ENDED)(
    'isExpectedClose() is true for a SockError with %s, and false for another error with that code',
    (code) => {
      expect(isExpectedClose(new SockError(code, 'x'))).toBe(true)
      expect(isExpectedClose(Object.assign(new Error('not ours'), { code }))).toBe(false)
    },
  )

  it.each(FAILURES)('isExpectedClose() is false for a SockError with %s', (code) => {
    expect(isExpectedClose(new SockError(code, 'x'))).toBe(false)
  })

  it('isExpectedClose() looks at the causes of SockErrors and of other errors', () => {
    expect(isExpectedClose(wrapped(systemError('EPIPE'), 3))).toBe(true)
    const cause = systemError('ECONNRESET')
    expect(isExpectedClose(new SockError('ERR_SOCK_HANDSHAKE_FAILED', 'x', { cause }))).toBe(true)
    expect(isExpectedClose(wrapped(new Error('x'), 3))).toBe(false)
  })

  it('isExpectedClose() ends where causes go round in a circle', () => {
    const [first, second] = [new Error('first'), new Error('second')]
    first.cause = second
    second.cause = first
    expect(isExpectedClose(first)).toBe(false)
    first.cause = first
    expect(isExpectedClose(first)).toBe(false)
  })

  it('isExpectedClose() is false for what is no error', () => {
    for (const value of [undefined, null, 'ECONNRESET', 0, Symbol('x'), () => {}, [], {}, { code: null }]) {
      expect(isExpectedClose(value)).toBe(false)
    }
    expect(isExpectedClose(new Error('x', { cause: 'ECONNRESET' }))).toBe(false)
  })

  it('isExpectedClose() matches errors of a second copy of the package', async () => {
    const copy = await loadSecondCopy()
    expect(isExpectedClose(new copy.SockError('ERR_SOCK_DRAINING', 'x'))).toBe(true)
    expect(isExpectedClose(new copy.SockError('ERR_SOCK_INVALID_STATE', 'x'))).toBe(false)
  })
})
