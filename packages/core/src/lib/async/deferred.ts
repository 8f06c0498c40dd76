/** A promise with its two ends in hand. */
export interface Deferred<T> {
  /** What somebody may wait for. */
  readonly promise: Promise<T>
  /** Resolves it; without effect once it has settled. */
  readonly resolve: (value: T) => void
  /** Rejects it; without effect once it has settled. */
  readonly reject: (error: unknown) => void
}

/** A deferred whose rejection is never "unhandled": somebody may be waiting for it, or nobody. */
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

/** A rejected promise that may be dropped. */
export function rejected(error: unknown): Promise<never> {
  // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- an abort reason need not be an Error
  const promise = Promise.reject(error)
  promise.catch(ignore)
  return promise
}

/** The promise of what needs no waiting, made once. */
export const RESOLVED: Promise<void> = Promise.resolve()

export function ignore(): void {}

/**
 * Calls one of the two, once, when what a callback returned has settled. It is taken as `await` takes it: a thenable may
 * throw instead of settling, settle twice, or call back at once.
 */
export async function whenSettled(
  result: PromiseLike<unknown>,
  fulfilled: () => void,
  failed: (error: unknown) => void,
): Promise<void> {
  try {
    await result
  } catch (error) {
    failed(error)
    return
  }
  fulfilled()
}

/** Whether a callback has returned something to wait for. Throws what a getter `then` throws. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}
