import { isThenable, whenSettled } from '../async/deferred.js'

/** The connection or socket that runs a handler. It is told when the handler fails. */
export interface HandlerOwner {
  /** Reports that the handler function or a callback threw or rejected. */
  handlerFailed(error: unknown): void
}

/**
 * Calls `act`, which is the handler function or a callback. Tells the owner if it throws.
 *
 * @returns the promise that `act` returned; `undefined` if `act` has finished or failed already
 */
export function promiseOf(owner: HandlerOwner, act: () => unknown): PromiseLike<unknown> | undefined {
  try {
    const result = act()
    return isThenable(result) ? result : undefined
  } catch (error) {
    owner.handlerFailed(error)
    return undefined
  }
}

/** Calls `over` once, when `promise` has settled; tells the owner first if it rejected. */
export function followPromise(owner: HandlerOwner, promise: PromiseLike<unknown>, over: () => void): void {
  void whenSettled(promise, over, (error) => {
    owner.handlerFailed(error)
    over()
  })
}
