import { isolated } from '../async/isolated.js'
import type { SockError } from '../errors/errors.js'

/**
 * What is behind `channel.signal`, in one field of the channel: an AbortController that is made when somebody asks, or before
 * that the reason it has to stop for. `undefined` as long as there is neither.
 */
export type StopState = AbortController | SockError | undefined

/** @returns the controller whose signal the channel gives out; the channel keeps it as its new state */
export function stopController(state: StopState): AbortController {
  if (state instanceof AbortController) return state
  const controller = new AbortController()
  if (state !== undefined) controller.abort(state)
  return controller
}

/**
 * It is time to stop. The first reason counts. Many channels are told in one call, and listeners of one must not see what
 * those of another have entered (AsyncLocalStorage).
 *
 * @returns the new state
 */
export function stopFor(state: StopState, reason: SockError): StopState {
  if (!(state instanceof AbortController)) return state ?? reason
  isolated(() => state.abort(reason))
  return state
}
