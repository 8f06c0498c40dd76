import { AsyncResource } from 'node:async_hooks'

/**
 * Runs code of one connection when one turn of the event loop serves several. It sees the caller's asynchronous
 * context; a context that it enters (AsyncLocalStorage.enterWith()) is not seen by the next connection.
 */
export function runInAsyncScope(act: () => void): void {
  new AsyncResource('SOCKTURN').runInAsyncScope(act)
}
