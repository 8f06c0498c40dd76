import { isThenable } from '../async/deferred.js'
import type { Caller } from '../errors/caller.js'
import { keepFreedMemory } from '../server/keep-memory.js'

/** How a client connects. */
interface Dialer<Port> {
  readonly signal?: AbortSignal | undefined
  /** The call whose stack errors of `dial` show. Default: the errors stay unchanged. */
  readonly caller?: Caller | undefined
  dial(): Promise<Port>
}

/**
 * Connects. Rejects with what `dial` rejects with, explained to the caller, or with the signal's reason.
 *
 * @param discard releases a port that nobody wants any more
 */
export async function dialPort<Port>(client: Dialer<Port>, discard: (port: Port) => void): Promise<Port> {
  const { signal, caller } = client
  signal?.throwIfAborted()
  keepFreedMemory()
  let port: Port
  try {
    port = await client.dial()
  } catch (error) {
    throw caller === undefined ? error : caller.failure(error, signal)
  }
  if (signal?.aborted === true) {
    discard(port)
    throw signal.reason
  }
  return port
}

/**
 * Passes the socket of a port to `configure`.
 *
 * @param discard releases the port if `configure` throws
 * @returns the promise that `configure` returned; `undefined` if it returned none
 */
export function configureSocket(
  configure: ((socket: never) => void) | undefined,
  port: { readonly socket: unknown },
  discard: () => void,
): PromiseLike<unknown> | undefined {
  return discardOnThrow(() => {
    const result: unknown = configure?.(port.socket as never)
    return isThenable(result) ? result : undefined
  }, discard)
}

/** Calls `act`, and `discard` if it throws. @returns what `act` returns */
export function discardOnThrow<T>(act: () => T, discard: () => void): T {
  try {
    return act()
  } catch (error) {
    discard()
    throw error
  }
}
