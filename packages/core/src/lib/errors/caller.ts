import { types } from 'node:util'
import { isSockError } from './errors.js'
import { systemMessage, type Asked } from './system-words.js'

/**
 * A public function.
 *
 * @internal
 */
// oxlint-disable-next-line typescript/no-explicit-any -- any function will do; it is not called
export type Entry = (...args: any[]) => unknown

/**
 * A call of a public function that may fail later, when nothing on the stack tells any more which line it was. The stack is
 * taken at once, at a cost of some microseconds, and written out only for a failure.
 *
 * @internal
 */
export class Caller {
  readonly #asked: Asked
  readonly #at: { readonly stack?: unknown } = {}

  /** @param entry the public function: its own frames, and those below it, are left out */
  constructor(entry: Entry, asked: Asked) {
    this.#asked = asked
    Error.captureStackTrace(this.#at, entry)
  }

  /**
   * Puts a failure into the words of the caller, who gets the same object: its stack begins where the function was called,
   * and what the system said is one line with the target and the way out. `code`, `errno`, `syscall` and what else there is
   * stay. Not touched is what is not known, which may be a mistake that its stack helps to find, and the signal's reason,
   * which belongs to the program.
   */
  failure(thrown: unknown, signal?: AbortSignal): unknown {
    const error = firstOf(thrown)
    if (!isOpen(error) || (signal?.aborted === true && error === signal.reason)) return error
    const { code, syscall } = error as NodeJS.ErrnoException
    if (typeof code !== 'string') return error
    const isSystems = typeof syscall === 'string' && !isSockError(error)
    // What has a cause was put into words where more was known.
    if (isSystems && error.cause === undefined) set(error, 'message', systemMessage(error, this.#asked))
    if (error !== thrown && areDifferent(thrown as AggregateError)) set(error, 'cause', thrown)
    const { stack } = this.#at
    // A program may have replaced what a stack looks like (Error.prepareStackTrace).
    const frames = typeof stack === 'string' ? stack.indexOf('\n    at ') : -1
    if (frames >= 0) set(error, 'stack', `${String(error)}${(stack as string).slice(frames)}`)
    return error
  }
}

/**
 * Runs what a public function does. What it throws at once is about its arguments, and gets a stack that begins at the
 * caller: no code of the program, like a callback, may run until then.
 *
 * @internal
 */
export function atCaller<T>(entry: Entry, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (isOpen(error)) Error.captureStackTrace(error, entry)
    throw error
  }
}

/**
 * The same for a function that connects: what it throws at once, it rejects with.
 *
 * @internal
 */
export function connectAtCaller<T>(
  entry: Entry,
  asked: Omit<Asked, 'action'>,
  run: (caller: Caller) => Promise<T>,
): Promise<T> {
  const caller = new Caller(entry, { ...asked, action: 'connect' })
  try {
    return run(caller)
  } catch (error) {
    if (isOpen(error)) Error.captureStackTrace(error, entry)
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- it is what was thrown
    return Promise.reject(error)
  }
}

/** Dials, and puts a failure into the words of the caller, if it is known. */
export async function dialFor<T>(
  caller: Caller | undefined,
  how: { dial(): Promise<T>; readonly signal?: AbortSignal | undefined },
): Promise<T> {
  try {
    return await how.dial()
  } catch (error) {
    throw caller === undefined ? error : caller.failure(error, how.signal)
  }
}

/** Whether it is an error whose properties can be replaced. */
function isOpen(error: unknown): error is Error {
  return isError(error) && Object.isExtensible(error)
}

/** Those of Node are of its own realm, which that of the program need not be (`node:vm`). */
function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value)
}

/**
 * A name that stands for several addresses fails with one error for each (`net.connect`, "Happy Eyeballs"), within one that
 * has no message. The first stands for all; if the others are not the same, they are in its cause.
 */
function firstOf(thrown: unknown): unknown {
  const { errors } = Object(thrown) as { errors?: unknown }
  const first: unknown = isError(thrown) && Array.isArray(errors) ? errors[0] : undefined
  return isError(first) ? first : thrown
}

function areDifferent({ errors }: AggregateError): boolean {
  return new Set(errors.map((error: NodeJS.ErrnoException) => error.code)).size > 1
}

/** As Error itself has them: not among the keys. */
function set(error: Error, name: 'message' | 'stack' | 'cause', value: unknown): void {
  Object.defineProperty(error, name, { value, configurable: true, writable: true, enumerable: false })
}
