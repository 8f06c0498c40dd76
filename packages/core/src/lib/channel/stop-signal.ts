import type { SockError } from '../errors/errors.js'

/** What is behind `channel.signal`: an AbortController that is made when somebody asks. The first reason counts. */
export class StopSignal {
  #state: AbortController | SockError | undefined

  get signal(): AbortSignal {
    if (!(this.#state instanceof AbortController)) {
      const reason = this.#state
      this.#state = new AbortController()
      if (reason !== undefined) this.#state.abort(reason)
    }
    return this.#state.signal
  }

  fire(reason: SockError): void {
    if (this.#state instanceof AbortController) this.#state.abort(reason)
    else this.#state ??= reason
  }
}
