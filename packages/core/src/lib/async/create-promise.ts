/** An object that creates one promise at a time, and holds the functions that settle the latest. */
export interface Settler {
  /** Resolves the latest promise. */
  resolve: (value: never) => void
  /** Rejects the latest promise. */
  reject: (error: never) => void
}

/** Returns a promise that `keeper` can settle. Unlike a deferred it needs no closure and no object of its own. */
export function createPromise<T>(keeper: Settler): Promise<T> {
  next = keeper
  return new Promise<T>(keep)
}

/**
 * The keeper of the promise being created. An executor runs synchronously, so one function can serve all promises.
 */
let next: Settler

function keep(resolve: (value: never) => void, reject: (error: unknown) => void): void {
  next.resolve = resolve
  next.reject = reject
}
