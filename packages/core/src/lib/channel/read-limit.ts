import type { ReadOptions } from './channel.js'
import { SockError } from '../errors/errors.js'
import { checkOptions, type Checks } from '../options/check.js'
import { abortSignal, milliseconds } from '../options/values.js'

const readChecks = { signal: abortSignal, timeout: milliseconds(undefined) } satisfies Checks<ReadOptions>

/** How long one read waits. Made for a read that has options; others need no such object. */
export class ReadLimit {
  readonly #signal: AbortSignal | undefined
  readonly #timeout: number | undefined
  #timer: NodeJS.Timeout | undefined
  #abort: (() => void) | undefined

  /** @throws TypeError or RangeError for wrong options, and the signal's reason if it is aborted already */
  constructor(options: ReadOptions) {
    const { signal, timeout } = checkOptions('read options', options, readChecks)
    signal?.throwIfAborted()
    this.#signal = signal
    this.#timeout = timeout
  }

  /** The read has to wait; `giveUp` is called at most once, and not after `stop()`. */
  start(giveUp: (reason: unknown) => void): void {
    const signal = this.#signal
    const timeout = this.#timeout
    if (signal !== undefined) {
      this.#abort = () => giveUp(signal.reason)
      signal.addEventListener('abort', this.#abort, { once: true })
    }
    if (timeout !== undefined) {
      const expire = (): void =>
        giveUp(new SockError('ERR_SOCK_READ_TIMEOUT', `Cannot read: nothing came within ${timeout} ms`))
      this.#timer = setTimeout(expire, timeout)
    }
  }

  /** The read has its answer. */
  stop(): void {
    clearTimeout(this.#timer)
    if (this.#abort !== undefined) this.#signal?.removeEventListener('abort', this.#abort)
  }
}
