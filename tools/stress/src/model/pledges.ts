import assert from 'node:assert/strict'
import { once } from 'node:events'
import { isSockError } from '@sock/core'

/** What handlers and callbacks of the model fail with, and what connections are destroyed with. */
export class Oops extends Error {}

interface Pledge {
  readonly what: string
  readonly settled: Promise<void>
  state: 'pending' | 'settled'
}

/** Every promise that was given: each must settle, and with nothing but what it may settle with. */
export class Pledges {
  readonly #pledges: Pledge[] = []
  /** What settled as it should not have. The first is thrown by {@link check}. */
  readonly #faults: Error[] = []

  /**
   * @param what names it in messages
   * @param fulfilled looks at the value, and throws if it should have been another
   * @param rejected the same for the error
   */
  keep<T>(
    what: string,
    promise: Promise<T>,
    fulfilled: (value: T) => void,
    rejected: (error: unknown) => void,
  ): void {
    const look = <V>(judge: (value: V) => void) => {
      return (value: V): void => {
        pledge.state = 'settled'
        try {
          judge(value)
        } catch (error) {
          this.#faults.push(new Error(`${what}: ${(error as Error).message}`, { cause: error }))
        }
      }
    }
    const pledge: Pledge = { what, state: 'pending', settled: promise.then(look(fulfilled), look(rejected)) }
    this.#pledges.push(pledge)
  }

  /** A fault that was found where nothing can be thrown, as in a callback. */
  fault(error: Error): void {
    this.#faults.push(error)
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
    const [fault] = this.#faults
    if (fault !== undefined) throw fault
  }

  /** Waits until all have settled. @throws if one does not within `patience` ms */
  async allSettled(patience: number): Promise<void> {
    const pending = (): Pledge[] => this.#pledges.filter(({ state }) => state === 'pending')
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), patience)
    const tooLate = once(late.signal, 'abort')
    // What settles may lead to further promises.
    while (pending().length > 0 && !late.signal.aborted) {
      await Promise.race([Promise.all(pending().map(({ settled }) => settled)), tooLate])
    }
    clearTimeout(timer)
    const names = pending().map(({ what }) => what)
    assert.deepEqual(names, [], `never settled: ${names.join(', ')}`)
    this.check()
  }
}

/** @returns a judge of errors that lets pass what the model itself has thrown, and these codes */
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
