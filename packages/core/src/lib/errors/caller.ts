import type { Address } from '../address/address.js'
import { isError } from './as-error.js'
import { isSockError } from './errors.js'
import { systemMessage, type Asked } from './system-words.js'

/**
 * The type of any public function.
 *
 * @internal
 */
// oxlint-disable-next-line typescript/no-explicit-any -- any function is accepted; it is never called
export type PublicFunction = (...args: any[]) => unknown

/**
 * The call of a public function that may fail later, when the stack no longer shows the line of the call. The
 * constructor captures the stack, which costs a few microseconds; it is formatted only if the call fails.
 *
 * @internal
 */
export class Caller {
  readonly #asked: Asked
  readonly #at: { readonly stack?: unknown } = {}

  /** @param entry the public function; its own frames, and those below it, are left out of the stack */
  constructor(entry: PublicFunction, asked: Asked) {
    this.#asked = asked
    Error.captureStackTrace(this.#at, entry)
  }

  /**
   * Turns a failure into one that explains itself to the caller. It changes the error object in place: the stack
   * begins where the function was called, and a system error's message becomes one line with the target and what to
   * do. `code`, `errno`, `syscall` and other properties stay. Two kinds of errors are left alone: unknown ones, whose
   * own stack helps to find a bug, and the signal's reason, which belongs to the program.
   */
  failure(thrown: unknown, signal?: AbortSignal): unknown {
    try {
      return this.#explained(thrown, signal)
    } catch {
      // A value of the program that cannot be read or changed: it is passed on as it is.
      return thrown
    }
  }

  #explained(thrown: unknown, signal: AbortSignal | undefined): unknown {
    const error = firstOf(thrown)
    if (!isExtensibleError(error) || (signal?.aborted === true && error === signal.reason)) return error
    const { code, syscall } = error as NodeJS.ErrnoException
    if (typeof code !== 'string') return error
    const isSystems = typeof syscall === 'string' && !isSockError(error)
    // An error with a cause already has a message, from code that knew more.
    if (isSystems && error.cause === undefined) set(error, 'message', systemMessage(error, this.#asked))
    if (error !== thrown && areDifferent(thrown as AggregateError)) set(error, 'cause', thrown)
    const { stack } = this.#at
    // A program may change the format of stacks (Error.prepareStackTrace).
    const frames = typeof stack === 'string' ? stack.indexOf('\n    at ') : -1
    if (frames >= 0) set(error, 'stack', `${String(error)}${(stack as string).slice(frames)}`)
    return error
  }
}

/**
 * Runs the synchronous part of a public function. An error thrown there is about the arguments, and gets a stack that
 * begins at the caller. `run` must not call code of the program, such as a callback.
 *
 * @internal
 */
export function atCaller<T>(entry: PublicFunction, run: () => T): T {
  try {
    return run()
  } catch (error) {
    showCaller(error, entry)
    throw error
  }
}

/**
 * Does what {@link atCaller} does, for a function that connects: rejects with what `run` throws.
 *
 * @internal
 */
export function connectAtCaller<T>(
  entry: PublicFunction,
  asked: Omit<Asked, 'action'>,
  run: (caller: Caller) => Promise<T>,
): Promise<T> {
  const caller = new Caller(entry, { ...asked, action: 'connect' })
  try {
    return run(caller)
  } catch (error) {
    showCaller(error, entry)
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- it is the thrown value itself
    return Promise.reject(error)
  }
}

/**
 * Turns an error of the system on a connected datagram socket into one that says what is wrong and what to do. It
 * changes the error object in place, like {@link Caller.failure}. The stack is that of the place that found the error.
 */
export function explainUnreachable<E>(error: E, peer: Address): E {
  if (!isExtensibleError(error) || isSockError(error) || error.cause !== undefined) return error
  const { syscall } = error as NodeJS.ErrnoException
  if (typeof syscall !== 'string') return error
  const transport = peer.family === 'unix' ? 'unixgram' : 'udp'
  set(error, 'message', systemMessage(error, { action: 'reach', transport, target: peer }))
  Error.captureStackTrace(error, explainUnreachable)
  return error
}

/** Lets the stack of an error begin where `entry` was called. */
function showCaller(error: unknown, entry: PublicFunction): void {
  try {
    if (isExtensibleError(error)) Error.captureStackTrace(error, entry)
  } catch {
    // What a getter among the options has thrown may refuse to be changed.
  }
}

/** Whether it is an error whose properties can be changed. */
function isExtensibleError(error: unknown): error is Error {
  return isError(error) && Object.isExtensible(error)
}

/**
 * Returns the error that stands for a failure with several. Connecting to a name with several addresses fails with
 * one error per address (`net.connect`, "Happy Eyeballs"), inside one without a message. The first one is used; if
 * the others differ, its cause has them all.
 */
function firstOf(thrown: unknown): unknown {
  const { errors } = Object(thrown) as { errors?: unknown }
  const first: unknown = isError(thrown) && Array.isArray(errors) ? errors[0] : undefined
  return isError(first) ? first : thrown
}

function areDifferent({ errors }: AggregateError): boolean {
  return new Set(errors.map((error: NodeJS.ErrnoException) => error.code)).size > 1
}

/** Sets a property the way Error itself does: not enumerable. */
function set(error: Error, name: 'message' | 'stack' | 'cause', value: unknown): void {
  Object.defineProperty(error, name, { value, configurable: true, writable: true, enumerable: false })
}
