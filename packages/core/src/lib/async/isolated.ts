import { AsyncResource } from 'node:async_hooks'

/**
 * Calls what is a connection's, where several have their turn in one call of the event loop's: it sees the asynchronous context
 * of the caller, and what it enters there (AsyncLocalStorage.enterWith()) is not seen by the next one.
 */
export function isolated(act: () => void): void {
  new AsyncResource('SOCKTURN').runInAsyncScope(act)
}
