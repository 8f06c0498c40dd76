import type { Address } from '../address/address.js'
import { CallbackRegistry } from '../server/callback-registry.js'
import type { DatagramChannel, Transport } from '../channel/channel.js'
import { nextChannelId } from '../channel/channel-id.js'
import { configureSocket, dialPort } from '../channel/dial.js'
import { ignore } from '../async/deferred.js'
import type { Caller } from '../errors/caller.js'
import { SockError } from '../errors/errors.js'
import type { ConnectionEvent } from '../server/server.js'
import type { DatagramPort } from './port.js'
import type { DatagramHost } from './host.js'
import { DatagramSocket } from './socket.js'

/** A client of a datagram transport: how to connect, and its checked options. */
export interface DatagramClient {
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
  client: DatagramClient,
  remote: Address,
): Promise<C> {
  const registry = new CallbackRegistry<{ connection: (event: ConnectionEvent) => void }>(['connection'])
  if (client.onState !== undefined) registry.on('connection', client.onState)
  const host: DatagramHost = {
    transport: client.transport,
    maxQueuedBytes: client.maxQueuedBytes,
    observed: client.onState !== undefined,
    observe: (event) => registry.emit('connection', event),
    // A client has no handler, so this is a promise from `configure` that has rejected.
    handlerFailed(_channel, cause) {
      const message = 'Channel is closed: "configure" failed'
      socket.abort('error', new SockError('ERR_SOCK_CLOSED', message, { cause }))
    },
    // No read is waiting, so none is affected: as if the datagram had been lost on the way.
    failed: ignore,
    closed: ignore,
    settled: ignore,
  }
  const id = nextChannelId()
  registry.emit('connection', { id, state: 'dial', local: undefined, remote })
  const port = await dialPort(client, (unwanted) => unwanted.close())
  const configuring = configureSocket(client.configure, port, () => port.close())
  const socket = new DatagramSocket(port, host, undefined, id)
  socket.start()
  if (configuring !== undefined) socket.trackPromise(configuring)
  return socket.channel as C
}
