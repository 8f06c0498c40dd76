import { expect, it } from '@jest/globals'
import {
  closedError,
  idleError,
  overflowError,
  resetError,
  returnedError,
} from '../../../src/lib/stream/connection/errors.js'
import { systemError } from '../../support/fake-server.js'

it('closedError() says what cannot be done, and has what broke the connection as its cause', () => {
  const cause = systemError('ECONNRESET')
  const error = closedError('read', cause)
  expect(error).toMatchObject({ code: 'ERR_SOCK_CLOSED', message: 'Cannot read: the connection is closed' })
  expect(error.cause).toBe(cause)
})

it('closedError() of a connection that nothing broke has no cause, not even an undefined one', () => {
  expect(closedError('write', undefined)).not.toHaveProperty('cause')
})

it('returnedError() has the code of a closed connection, and says how to keep it open', () => {
  const { code, message } = returnedError()
  expect(code).toBe('ERR_SOCK_CLOSED')
  expect(message).toMatch(/handler returned\. Return a promise/)
})

it('resetError() has no stack, since no code of the program is in it', () => {
  const { code, stack } = resetError()
  expect(code).toBe('ERR_SOCK_RESET')
  expect(stack).toBe('SockError: Connection was reset or lost')
})

it('resetError() has the error of the system as its cause, if there is one', () => {
  const cause = systemError('EPIPE')
  expect(resetError(cause).cause).toBe(cause)
  expect(resetError()).not.toHaveProperty('cause')
})

it('idleError() has the message of the time-out that has passed', () => {
  expect(idleError('Nothing came')).toMatchObject({ code: 'ERR_SOCK_IDLE_TIMEOUT', message: 'Nothing came' })
})

it('overflowError() says how much is queued, which limit that exceeds, and what to do', () => {
  const { code, message } = overflowError(21, '"maxWriteBuffer" is 20')
  expect(code).toBe('ERR_SOCK_BACKPRESSURE')
  expect(message).toMatch(/ 21 bytes are queued, and "maxWriteBuffer" is 20\. Await write\(\)/)
})
