import { inspect } from 'node:util'
import type { Transport } from '../channel/channel.js'

/**
 * What a server tells the process because nobody else hears of it: the first failure of each kind, so that a mistake in a
 * handler is not silent, and a frequent one does not fill the log.
 */
export class Unobserved {
  readonly #transport: Transport
  #hasToldOfFailure = false
  #hasToldOfLateWrite = false

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** A handler or callback has failed, and nobody observes `error`. */
  handlerFailed(error: Error): void {
    if (this.#hasToldOfFailure) return
    this.#hasToldOfFailure = true
    const message = `A handler of a ${this.#transport} server failed, and nobody observes the "error" event of the server`
    process.emitWarning(message, {
      type: 'SockHandlerWarning',
      code: 'SOCK_UNOBSERVED_ERROR',
      detail: `${inspect(error)}\nFurther failures are only counted: stats().handlerErrors`,
    })
  }

  /** A connection that was closed since its handler had returned was written to. */
  wroteTooLate(error: Error): void {
    if (this.#hasToldOfLateWrite) return
    this.#hasToldOfLateWrite = true
    process.emitWarning(
      `A handler of a ${this.#transport} server has returned, and then its connection was written to`,
      {
        type: 'SockHandlerWarning',
        code: 'SOCK_WRITE_AFTER_RETURN',
        detail: inspect(error),
      },
    )
  }
}
