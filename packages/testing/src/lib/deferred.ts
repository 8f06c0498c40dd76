/** A promise together with the functions that settle it. */
export interface Deferred<T> {
  /** The promise. Its rejection is never reported as unhandled. */
  readonly promise: Promise<T>
  /** Resolves it; does nothing once it has settled. */
  readonly resolve: (value: T) => void
  /** Rejects it; does nothing once it has settled. */
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
