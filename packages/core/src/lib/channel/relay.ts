import type { Connection } from './channel.js'
import { createDeferred } from '../async/deferred.js'
import { checkOptions, wrongType, type Checks } from '../options/check.js'
import { abortSignal } from '../options/values.js'

/** Options of {@link relay}. */
export interface RelayOptions {
  /** Ends the relay: both connections are destroyed, and `relay` rejects with the signal's reason. Default: none. */
  signal?: AbortSignal | undefined
}

/** What {@link relay} has carried, in bytes. */
export interface RelayReport {
  /** From the first connection to the second one. */
  readonly forward: number
  /** From the second connection to the first one. */
  readonly backward: number
}

const relayChecks = { signal: abortSignal } satisfies Checks<RelayOptions>

/**
 * Carries all bytes between two connections, in both directions, as a proxy does. They may be of different transports.
 *
 * - A side that has ended can still receive: its end is passed on with `closeWrite()`.
 * - A side that reads slowly slows the other one down. At most `highWaterMark` bytes and one chunk wait for each.
 * - `idleTimeout` and the other time-outs of each connection count as usual. They see the traffic of both directions.
 * - When one side breaks or is closed, the other one is destroyed; over tcp its peer sees a reset.
 *
 * Neither connection may be read or written by other code meanwhile. Both are closed when the promise settles.
 *
 * Rejects with the error of the side that failed first (`ERR_SOCK_RESET`, `ERR_SOCK_IDLE_TIMEOUT`, `ERR_SOCK_CLOSED`…),
 * the signal's reason, or a TypeError for arguments of a wrong type.
 *
 * @returns the bytes carried, once both directions have ended and both connections are closed
 * @example
 * createTcpServer(async (client) => {
 *   await relay(client, await connectUnix('/run/app.sock', { signal: client.signal }))
 * })
 */
export async function relay(
  first: Connection,
  second: Connection,
  options?: RelayOptions,
): Promise<RelayReport> {
  const { signal } = checkOptions('relay options', options, relayChecks)
  checkConnection('first', first)
  checkConnection('second', second)
  if (first === second) throw wrongType('second', 'a connection other than "first"', second)
  const destroy = (error: unknown): void => {
    first.destroy(error as Error)
    second.destroy(error as Error)
  }
  const aborted = createDeferred<never>()
  const abort = (): void => {
    // First, since the connections reject with an Error, which the reason need not be.
    aborted.reject(signal?.reason)
    destroy(signal?.reason)
  }
  const directions = [carry(first, second), carry(second, first)] as const
  const carried = async (): Promise<RelayReport> => {
    const [forward, backward] = await Promise.all(directions)
    await Promise.all([first.close(), second.close()])
    return { forward, backward }
  }
  try {
    signal?.throwIfAborted()
    signal?.addEventListener('abort', abort, { once: true })
    return await Promise.race([carried(), aborted.promise])
  } catch (error) {
    destroy(error)
    await Promise.allSettled([...directions, first.close(), second.close()])
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

/** Carries one direction to its end. @returns its bytes */
async function carry(from: Connection, to: Connection): Promise<number> {
  let bytes = 0
  for await (const chunk of from) {
    const written = to.write(chunk)
    bytes += chunk.length
    // Most writes need no waiting: skip the turn of the promise queue.
    if (to.writableNeedDrain || !to.isOpen) await written
  }
  await to.closeWrite()
  return bytes
}

function checkConnection(name: string, connection: Connection): void {
  const isConnection = typeof connection === 'object' && connection !== null && 'closeWrite' in connection
  if (!isConnection) throw wrongType(name, 'a connection of a stream transport', connection)
}
