import type { Transport } from '../channel/channel.js'
import { printed } from '../errors/printed.js'

/**
 * Process warnings for failures that have no observer: only the first of each kind, so that a bug in a handler is not
 * silent, and does not flood the log either.
 */
export class Unobserved {
  readonly #transport: Transport
  #hasToldOfFailure = false
  #hasToldOfLateWrite = false

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Warns that a handler or callback failed and `error` has no observer. */
  handlerFailed(error: Error): void {
    if (this.#hasToldOfFailure) return
    this.#hasToldOfFailure = true
    const message = `A handler of a ${this.#transport} server failed, and the server has no "error" listener`
    process.emitWarning(message, {
      type: 'SockHandlerWarning',
      code: 'SOCK_UNOBSERVED_ERROR',
      detail:
        `${printed(error)}\nAdd one with server.on("error", …). ` +
        'Later failures are only counted: stats().handlerErrors',
    })
  }

  /** Warns that a connection was written to after its handler had returned, which had closed it. */
  wroteAfterReturn(error: Error): void {
    if (this.#hasToldOfLateWrite) return
    this.#hasToldOfLateWrite = true
    process.emitWarning(
      `Wrote to a ${this.#transport} connection after its handler had returned, which closes the connection`,
      {
        type: 'SockHandlerWarning',
        code: 'SOCK_WRITE_AFTER_RETURN',
        detail: printed(error),
      },
    )
  }
}
