import type { ReadOptions } from './channel.js'
import { SockError } from '../errors/errors.js'
import { checkOptions, type Checks } from '../options/check.js'
import { abortSignal, milliseconds } from '../options/values.js'

const readChecks = { signal: abortSignal, timeout: milliseconds(undefined) } satisfies Checks<ReadOptions>

/** Limits how long one read waits. Created only for a read that has options. */
export class ReadLimit {
  readonly #signal: AbortSignal | undefined
  readonly #timeout: number | undefined
  #timer: NodeJS.Timeout | undefined
  #abort: (() => void) | undefined

  /** @throws TypeError or RangeError for invalid options, and the signal's reason if it is aborted already */
  constructor(options: ReadOptions) {
    const { signal, timeout } = checkOptions('read options', options, readChecks)
    signal?.throwIfAborted()
    this.#signal = signal
    this.#timeout = timeout
  }

  /** Starts waiting. Calls `giveUp` at most once, and never after `stop()`. */
  start(giveUp: (reason: unknown) => void): void {
    const signal = this.#signal
    const timeout = this.#timeout
    if (signal !== undefined) {
      this.#abort = () => giveUp(signal.reason)
      signal.addEventListener('abort', this.#abort, { once: true })
    }
    if (timeout !== undefined) {
      const expire = (): void =>
        giveUp(new SockError('ERR_SOCK_READ_TIMEOUT', `Cannot read: no data arrived within ${timeout} ms`))
      this.#timer = setTimeout(expire, timeout)
    }
  }

  /** Ends the wait: the read has its result. */
  stop(): void {
    clearTimeout(this.#timer)
    if (this.#abort !== undefined) this.#signal?.removeEventListener('abort', this.#abort)
  }
}
