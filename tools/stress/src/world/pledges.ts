import assert from 'node:assert/strict'
import { isSockError } from '@sock/core'
import { until } from './pace.js'

/** What handlers and callbacks of the test fail with, and what connections are destroyed with. */
export class Oops extends Error {}

/** Every promise that the library gave: each must settle, and only with what it may settle with. */
export class Pledges {
  readonly #pending = new Set<{ readonly what: string }>()
  readonly #tell: (fault: Error) => void
  #fault: Error | undefined

  /** @param tell is told of each fault at once */
  constructor(tell: (fault: Error) => void = () => {}) {
    this.#tell = tell
  }

  /**
   * @param what names it in messages
   * @param fulfilled looks at the value, and throws if it should have been another
   * @param rejected does the same with the error
   */
  keep<T>(
    what: string,
    promise: Promise<T>,
    fulfilled: (value: T) => void,
    rejected: (error: unknown) => void,
  ): void {
    const pledge = { what }
    this.#pending.add(pledge)
    const look =
      <V>(judge: (value: V) => void) =>
      (value: V): void => {
        this.#pending.delete(pledge)
        try {
          judge(value)
        } catch (error) {
          this.fault(new Error(`${what}: ${(error as Error).message}`, { cause: error }))
        }
      }
    void promise.then(look(fulfilled), look(rejected))
  }

  /** A fault that was found where nothing can be thrown, as in a callback. */
  fault(error: Error): void {
    this.#fault ??= error
    this.#tell(error)
  }

  /** Runs a check where a failure of it would be taken for a failure of the callback. */
  guard(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.fault(error as Error)
    }
  }

  /** @throws the first fault */
  check(): void {
    if (this.#fault !== undefined) throw this.#fault
  }

  /** Waits until all have settled. @throws if one does not within `patience` ms */
  async allSettled(patience: number): Promise<void> {
    const names = (): string => [...this.#pending].map(({ what }) => what).join(', ')
    await until(
      () => this.#pending.size === 0,
      patience,
      () => `never settled: ${names()}`,
    )
    this.check()
  }
}

/** @returns a judge of errors that accepts what the test itself has thrown, and errors with these codes */
export function oneOf(...codes: readonly string[]): (error: unknown) => void {
  return (error) => {
    if (error instanceof Oops) return
    const { code } = error as { code?: string }
    const isKnown =
      code !== undefined && codes.includes(code) && (isSockError(error) || !code.startsWith('ERR_SOCK'))
    assert.ok(isKnown, `unexpected rejection: ${String((error as Error).stack)}`)
  }
}

/** For what never rejects. */
export function never(error: unknown): void {
  assert.fail(`must not reject, and did with ${String((error as Error).stack)}`)
}

/** Why connecting may fail: the server does not listen, or ends while the client connects. */
const GONE = ['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ERR_SOCK_RESET', 'ERR_SOCK_CLOSED'] as const
export const NO_CONNECTION = oneOf(...GONE, 'ERR_SOCK_HANDSHAKE_FAILED')
