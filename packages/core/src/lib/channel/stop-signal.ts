import { runInAsyncScope } from '../async/async-scope.js'
import type { SockError } from '../errors/errors.js'

/**
 * The state behind `channel.signal`, kept in one field: the AbortController once the signal was read, or before that
 * the reason to stop. `undefined` while there is neither.
 */
export type StopState = AbortController | SockError | undefined

/** @returns the controller of the channel's signal; the channel stores it as its new state */
export function stopController(state: StopState): AbortController {
  if (state instanceof AbortController) return state
  const controller = new AbortController()
  if (state !== undefined) controller.abort(state)
  return controller
}

/**
 * Aborts the signal; only the first reason counts. One call may stop many channels, so listeners run runInAsyncScope from
 * each other's AsyncLocalStorage.
 *
 * @returns the new state
 */
export function stopFor(state: StopState, reason: SockError): StopState {
  if (!(state instanceof AbortController)) return state ?? reason
  runInAsyncScope(() => state.abort(reason))
  return state
}
