import { describe, expect, it } from '@jest/globals'
import { constants } from 'node:os'
import { isExpectedClose, SockError } from '../../../src/index.js'
import { resetError } from '../../../src/lib/stream/connection/errors.js'
import { socketError } from '../../../src/lib/stream/connection/socket-error.js'

const errno = -constants.errno.ECONNRESET

describe('socketError', () => {
  it.each([
    ['a system error', { code: 'EPIPE', errno: -32, syscall: 'write' }, 'write EPIPE'],
    ['an error of a stream', { code: 'ERR_STREAM_PREMATURE_CLOSE' }, 'read ECONNRESET'],
    ['no error', undefined, 'read ECONNRESET'],
  ])('socketError() of a reset by %s is what a socket has', (_, details, message) => {
    const cause = details === undefined ? undefined : Object.assign(new Error('lost'), details)
    const reset = resetError(cause)
    const error = socketError(reset)
    const [syscall, code] = message.split(' ')
    expect(error).toMatchObject({ message, code, syscall, cause: reset })
    expect(error).toHaveProperty('errno', code === 'EPIPE' ? -32 : errno)
    expect(isExpectedClose(error)).toBe(true)
  })

  it('socketError() of any other error is the error', () => {
    for (const error of [new SockError('ERR_SOCK_IDLE_TIMEOUT', 'idle'), new Error('own')]) {
      expect(socketError(error)).toBe(error)
    }
  })
})
