/** An object that makes promises now and then, one at a time, and keeps the two ends of the last. */
export interface PromiseKeeper {
  /** Resolves it. */
  resolve: (value: never) => void
  /** Rejects it. */
  reject: (error: never) => void
}

/** A promise whose ends `keeper` gets. Other than with a deferred, no closure and no object is made for it. */
export function keptPromise<T>(keeper: PromiseKeeper): Promise<T> {
  next = keeper
  return new Promise<T>(keep)
}

/** Whose promise is being made. An executor runs at once, so that one, made once, can serve all. */
let next: PromiseKeeper

function keep(resolve: (value: never) => void, reject: (error: unknown) => void): void {
  next.resolve = resolve
  next.reject = reject
}
