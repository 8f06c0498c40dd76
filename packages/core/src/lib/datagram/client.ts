import type { Address } from '../address/address.js'
import { CallbackRegistry } from '../server/callback-registry.js'
import type { DatagramChannel, Transport } from '../channel/channel.js'
import { nextChannelId } from '../channel/channel-id.js'
import { ignore, isThenable } from '../async/deferred.js'
import { dialFor, type Caller } from '../errors/caller.js'
import { SockError } from '../errors/errors.js'
import { keepFreedMemory } from '../server/keep-memory.js'
import type { ConnectionEvent } from '../server/server.js'
import type { DatagramPort } from './port.js'
import type { DatagramHost } from './host.js'
import { DatagramSocket } from './socket.js'

/** A client of a datagram transport: how to connect, and its checked options. */
export interface DatagramDial {
  /** The name of the transport. */
  readonly transport: Transport
  /** See `maxQueuedBytes` of `DatagramOptions`. */
  readonly maxQueuedBytes: number
  /** See `configure` of `DatagramOptions`. If it throws, connecting fails and the port is closed. */
  readonly configure: ((socket: never) => void) | undefined
  /**
   * See `signal` of `DatagramClientOptions`. If it aborts before `dial`, nothing is dialled; during `dial`, the port
   * is closed. Default: none.
   */
  readonly signal?: AbortSignal | undefined
  /** See `onState` of `DatagramClientOptions`. */
  readonly onState: ((event: ConnectionEvent) => void) | undefined
  /** The call whose stack errors of `dial` show. Default: the errors stay unchanged. */
  readonly caller?: Caller | undefined
  /**
   * Binds a socket and connects it. If it rejects with the system's error, it leaves nothing open. If it takes time, it
   * must reject with the signal's reason as soon as the signal is aborted.
   */
  dial(): Promise<DatagramPort>
}

/**
 * Connects, and resolves with the same kind of channel that a server's handler gets. Rejects with what `dial` rejects
 * with, the signal's reason, or what `configure` throws.
 *
 * @param remote the server's address, for observers
 */
export async function connectDatagram<C extends DatagramChannel = DatagramChannel>(
  dial: DatagramDial,
  remote: Address,
): Promise<C> {
  const registry = new CallbackRegistry<{ connection: (event: ConnectionEvent) => void }>(['connection'])
  if (dial.onState !== undefined) registry.on('connection', dial.onState)
  const host: DatagramHost = {
    transport: dial.transport,
    maxQueuedBytes: dial.maxQueuedBytes,
    observed: dial.onState !== undefined,
    observe: (event) => registry.emit('connection', event),
    // A client has no handler, so this is a promise from `configure` that has rejected.
    handlerFailed(_channel, cause) {
      const message = 'Channel is closed: "configure" failed'
      socket.abort('error', new SockError('ERR_SOCK_CLOSED', message, { cause }))
    },
    // No read is waiting, so none is affected: as if the datagram had been lost on the way.
    failed: ignore,
    closed: ignore,
    finished: ignore,
  }
  const id = nextChannelId()
  registry.emit('connection', { id, state: 'dial', local: undefined, remote })
  dial.signal?.throwIfAborted()
  keepFreedMemory()
  const port = await dialFor(dial.caller, dial)
  if (dial.signal?.aborted === true) {
    port.close()
    throw dial.signal.reason
  }
  let configuring: PromiseLike<unknown> | undefined
  try {
    const result: unknown = dial.configure?.(port.socket as never)
    if (isThenable(result)) configuring = result
  } catch (error) {
    port.close()
    throw error
  }
  const socket = new DatagramSocket(port, host, undefined, id)
  socket.start()
  if (configuring !== undefined) socket.trackPromise(configuring)
  return socket.channel as C
}
