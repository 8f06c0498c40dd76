import { constants } from 'node:os'
import { isSockError } from '../../errors/errors.js'
import { withoutStack } from '../../errors/without-stack.js'

/** What Node gives when the system says no more. */
const RESET = { code: 'ECONNRESET', errno: -constants.errno.ECONNRESET, syscall: 'read' }

/**
 * Returns the error that a socket would have in place of `error`. Programs for sockets test the codes of the system: a
 * reset is `read ECONNRESET`, with our error as its cause.
 */
export function socketError(error: Error): Error {
  if (!isSockError(error) || error.code !== 'ERR_SOCK_RESET') return error
  const { code, errno, syscall } = systemErrorOf(error.cause) ?? RESET
  return withoutStack(() =>
    Object.assign(new Error(`${syscall} ${code}`, { cause: error }), { errno, code, syscall }),
  )
}

/** Errors that only say that a stream was cut short have no `errno`. */
function systemErrorOf(cause: unknown): typeof RESET | undefined {
  const { errno, syscall } = (cause ?? {}) as NodeJS.ErrnoException
  return errno === undefined || syscall === undefined ? undefined : (cause as typeof RESET)
}
