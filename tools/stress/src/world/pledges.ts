import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { isSockError } from '@sock/core'
import { until } from './pace.js'

/** The error of intentional failures, and of destroyed connections. */
export class Oops extends Error {}

/** A program may also throw, and abort with, what is no error. */
const ODD = ['a word', 0, undefined, null, { code: 1 }, Symbol('odd')] as const
/** What the library, or `AbortController` for `undefined`, makes of these. */
const ODD_WORDS = new Set([
  'This operation was aborted',
  ...ODD.map((value) => (typeof value === 'string' ? value : inspect(value))),
])

/** @returns an `Oops`, or another value: `which` decides */
export const failure = (which: number, what: string): unknown =>
  which % 2 === 0 ? new Oops(what) : ODD[(which >> 1) % ODD.length]

/** Whether this comes from `failure()`: the value itself, or an error that the library made of it. */
export const isFailure = (error: unknown): boolean =>
  error instanceof Oops ||
  (error instanceof Error ? ODD_WORDS.has(error.message) : (ODD as readonly unknown[]).includes(error))

/** Calls `tell` with every uncaught error. Hides warnings, because many callbacks fail intentionally. */
export function catchStray(tell: (error: unknown) => void): void {
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) process.on(event, tell)
  process.removeAllListeners('warning')
  process.on('warning', () => {})
}

/** All promises of the library. Each must settle with an allowed value or error. */
export class Pledges {
  readonly #pending = new Set<{ readonly what: string }>()
  readonly #tell: (fault: Error) => void
  #fault: Error | undefined

  /** @param tell is called with each fault at once */
  constructor(tell: (fault: Error) => void = () => {}) {
    this.#tell = tell
  }

  /**
   * @param what names it in messages
   * @param fulfilled checks the value, and throws if it is wrong
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

  /** Records a fault where code cannot throw, as in a callback. */
  fault(error: Error): void {
    this.#fault ??= error
    this.#tell(error)
  }

  /** Runs a check in a callback. Its error is recorded, so that it does not look like an error of the callback. */
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

  /** Waits until all have settled. @throws if a promise does not settle within `patience` ms */
  async allSettled(patience: number): Promise<void> {
    const complaint = (): string => `never settled: ${[...this.#pending].map(({ what }) => what).join(', ')}`
    await until(() => this.#pending.size === 0, patience, complaint)
    this.check()
  }
}

/** @returns a check that accepts errors of the test itself, and errors with these codes */
export function oneOf(...codes: readonly string[]): (error: unknown) => void {
  return (error) => {
    if (isFailure(error)) return
    const { code } = error as { code?: string }
    const isKnown =
      code !== undefined && codes.includes(code) && (isSockError(error) || !code.startsWith('ERR_SOCK'))
    assert.ok(isKnown, `unexpected rejection: ${String((error as Error).stack)}`)
  }
}

/** The check for promises that must not reject. */
export function never(error: unknown): void {
  assert.fail(`must not reject, and did with ${String((error as Error).stack)}`)
}

/** Why connecting may fail: the server does not listen, or ends while the client connects. */
const GONE = ['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ERR_SOCK_RESET', 'ERR_SOCK_CLOSED'] as const
export const NO_CONNECTION = oneOf(...GONE, 'ERR_SOCK_HANDSHAKE_FAILED')
