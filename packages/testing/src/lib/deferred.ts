/** A promise with its two ends in hand. */
export interface Deferred<T> {
  /** What a test may wait for. Its rejection is never "unhandled". */
  readonly promise: Promise<T>
  /** Resolves it; without effect once it has settled. */
  readonly resolve: (value: T) => void
  /** Rejects it; without effect once it has settled. */
  readonly reject: (error: unknown) => void
}

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

export function ignore(): void {}
