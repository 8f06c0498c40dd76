import { describe, expect, it } from '@jest/globals'
import { constants } from 'node:os'
import { optionError, systemError } from '../src/lib/system-error.js'

const { ECONNREFUSED, EADDRINUSE, EINVAL } = constants.errno

/** No system has an error with this number. */
const UNKNOWN = 9999

describe('systemError', () => {
  it.each<[number, string, Parameters<typeof systemError>[2], string]>([
    [ECONNREFUSED, 'connect', { address: '127.0.0.1', port: 80 }, 'connect ECONNREFUSED 127.0.0.1:80'],
    [EADDRINUSE, 'listen', { address: '/run/app.sock' }, 'listen EADDRINUSE /run/app.sock'],
    [EADDRINUSE, 'bind', { path: '/run/app.sock' }, 'bind EADDRINUSE /run/app.sock'],
    [EINVAL, 'read', undefined, 'read EINVAL'],
  ])('systemError(%p, %p, %j) has the form of Node: %s', (errno, syscall, details, message) => {
    const code = message.split(' ')[1]
    expect({ ...systemError(errno, syscall, details) }).toEqual({ errno: -errno, code, syscall, ...details })
    expect(systemError(errno, syscall, details).message).toBe(message)
  })

  it('systemError() shows the number of an error that Node does not know', () => {
    const code = `E${UNKNOWN}`
    expect(systemError(UNKNOWN, 'read')).toMatchObject({ code, errno: -UNKNOWN, message: `read ${code}` })
  })
})

describe('optionError', () => {
  it('optionError() says what failed and why, and has the error of the system as its cause', () => {
    expect(optionError(EINVAL, 'setsockopt', 'Cannot set "x" to 1')).toMatchObject({
      message: 'Cannot set "x" to 1: invalid argument (EINVAL)',
      code: 'EINVAL',
      errno: -EINVAL,
      syscall: 'setsockopt',
      cause: { message: 'setsockopt EINVAL' },
    })
    expect(optionError(UNKNOWN, 'setsockopt', 'Cannot').message).toBe(
      `Cannot: the system refused it (E${UNKNOWN})`,
    )
  })
})
