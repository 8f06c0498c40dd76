/** A promise together with the functions that settle it. */
export interface Deferred<T> {
  /** The promise. */
  readonly promise: Promise<T>
  /** Resolves it; does nothing once it has settled. */
  readonly resolve: (value: T) => void
  /** Rejects it; does nothing once it has settled. */
  readonly reject: (error: unknown) => void
}

/**
 * Returns a deferred whose rejection is never reported as unhandled, since its promise may not be awaited.
 *
 * @internal
 */
export function createDeferred<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  promise.catch(ignore)
  return { promise, resolve, reject }
}

/** Returns a rejected promise that is not reported as unhandled. */
export function rejected(error: unknown): Promise<never> {
  // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- an abort reason need not be an Error
  const promise = Promise.reject(error)
  promise.catch(ignore)
  return promise
}

/** A resolved promise, created once, for operations that need no waiting. */
export const RESOLVED: Promise<void> = Promise.resolve()

export function ignore(): void {}

/**
 * Calls one of the two callbacks once, when `result` has settled. An idle connection waits here for its handler, and an
 * async function that awaits it would take more memory.
 */
export function whenSettled(
  result: PromiseLike<unknown>,
  fulfilled: () => void,
  failed: (error: unknown) => void,
): Promise<void> {
  // The method of the class: a promise may have a then() of its own.
  return Promise.prototype.then.call(asPromise(result), fulfilled, failed) as Promise<void>
}

/** A thenable may throw instead of settling, settle twice, or call back synchronously; the promise does none of that. */
function asPromise(result: PromiseLike<unknown>): Promise<unknown> {
  try {
    return Promise.resolve(result)
  } catch (error) {
    return rejected(error)
  }
}

/** Whether a callback has returned a promise. Throws what a getter `then` throws. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}
