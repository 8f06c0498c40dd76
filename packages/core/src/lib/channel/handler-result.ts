import { isThenable } from '../async/deferred.js'

/** What runs a handler: hears of it when one has failed. */
export interface HandlerOwner {
  /** The handler function, or a callback, threw or promised what was rejected. */
  fail(error: unknown): void
}

/**
 * Calls what belongs to the handler.
 *
 * @returns what it has promised; `undefined` if it has come to its end, or failed, which its owner has heard of then
 */
export function promiseOf(owner: HandlerOwner, act: () => unknown): PromiseLike<unknown> | undefined {
  try {
    const result = act()
    return isThenable(result) ? result : undefined
  } catch (error) {
    owner.fail(error)
    return undefined
  }
}

/**
 * Calls `over` once, when what the handler has promised has settled; its owner hears before that if it has failed. It is
 * taken as `await` takes it: a thenable may throw instead of settling, settle twice, or call back at once.
 */
export async function whenOver(
  owner: HandlerOwner,
  promise: PromiseLike<unknown>,
  over: () => void,
): Promise<void> {
  try {
    await promise
  } catch (error) {
    owner.fail(error)
  }
  over()
}
