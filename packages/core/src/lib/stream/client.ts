import type { Address } from '../address/address.js'
import { CallbackRegistry } from '../server/callback-registry.js'
import { nextChannelId } from '../channel/channel-id.js'
import type { Connection, Transport } from '../channel/channel.js'
import { configureSocket, dialPort } from '../channel/dial.js'
import { ignore } from '../async/deferred.js'
import type { Caller } from '../errors/caller.js'
import type { ConnectionEvent } from '../server/server.js'
import { startConnection, trackPromise } from './connection/handler.js'
import { connectionEvent } from '../channel/connection-event.js'
import { firstDeadline } from './connection/deadlines.js'
import type { ConnectionHost } from './connection/host.js'
import { ConnectionRecord } from './connection/record.js'
import { checkWriteBuffer } from './options.js'
import type { StreamPort } from './port.js'
import { Sweep } from '../async/sweep.js'

/** A client of a stream transport: how to connect, and its checked options. */
export interface StreamClient {
  /** The name of the transport. */
  readonly transport: Transport
  /** The server's address, for observers. */
  readonly remote: Address | undefined
  /** See `highWaterMark` of `StreamConnectionOptions`. */
  readonly highWaterMark: number
  /** See `maxWriteBuffer` of `StreamConnectionOptions`. */
  readonly maxWriteBuffer: number
  /** See `idleTimeout` of `StreamConnectionOptions`. */
  readonly idleTimeout: number
  /** See `readTimeout` of `StreamConnectionOptions`. */
  readonly readTimeout: number
  /** See `writeTimeout` of `StreamConnectionOptions`. */
  readonly writeTimeout: number
  /**
   * See `configure` of `StreamConnectionOptions`. If it throws, connecting fails and the port is destroyed. Default:
   * none.
   */
  readonly configure?: ((socket: never) => void) | undefined
  /**
   * See `signal` of `StreamClientOptions`. If it aborts before `dial`, nothing is dialled; during `dial`, the port is
   * destroyed. Default: none.
   */
  readonly signal?: AbortSignal | undefined
  /** See `onState` of `StreamClientOptions`. */
  readonly onState: ((event: ConnectionEvent) => void) | undefined
  /** The call whose stack errors of `dial` show. Default: the errors stay unchanged. */
  readonly caller?: Caller | undefined
  /**
   * Connects. If it rejects with the system's error, it leaves nothing open. If it takes time, it must reject with the
   * signal's reason as soon as the signal is aborted.
   */
  dial(): Promise<StreamPort>
}

/** One timer for the deadlines of all client connections. */
const sweep = new Sweep()

/**
 * Connects, and resolves with the same kind of connection that a server's handler gets. Rejects with what `dial`
 * rejects with, the signal's reason, or what `configure` throws.
 *
 * @throws RangeError if `maxWriteBuffer` is below `highWaterMark`; synchronously, so that its stack shows the caller
 */
export function connectStream<C extends Connection = Connection>(client: StreamClient): Promise<C> {
  checkWriteBuffer(client)
  return connect(client)
}

async function connect<C extends Connection>(client: StreamClient): Promise<C> {
  const registry = new CallbackRegistry<{ connection: (event: ConnectionEvent) => void }>(['connection'])
  if (client.onState !== undefined) registry.on('connection', client.onState)
  const id = nextChannelId()
  registry.emit('connection', { id, state: 'dial', local: undefined, remote: client.remote })
  const port = await dialPort(client, (unwanted) => unwanted.destroy())
  const configuring = configureSocket(client.configure, port, () => port.destroy())
  const record = new ConnectionRecord(port, createHost(client, registry), id)
  startConnection(record)
  if (configuring !== undefined) trackPromise(record, configuring, ignore)
  return record.connection as Connection as C
}

function createHost(
  client: StreamClient,
  registry: CallbackRegistry<{ connection: (event: ConnectionEvent) => void }>,
): ConnectionHost {
  const { transport, highWaterMark, maxWriteBuffer, idleTimeout, readTimeout, writeTimeout } = client
  const timeouts = { idleTimeout, readTimeout, writeTimeout, firstByteTimeout: 0, maxLifetime: 0 }
  return {
    transport,
    highWaterMark,
    maxWriteBuffer,
    bufferLimit: undefined,
    deadlines: { ...timeouts, shutdownTimeout: 0, drainIdle: 0 },
    firstDeadline: firstDeadline(timeouts),
    sweep,
    callbacks: undefined,
    endIdleAfter: undefined,
    observed: client.onState !== undefined,
    observe: (...what) => registry.emit('connection', connectionEvent(...what)),
    // A client has neither a handler nor an error event: reads and writes reject instead.
    handlerFailed: ignore,
    wroteAfterReturn: ignore,
    connectionFailed: ignore,
    endedIdle: ignore,
    closed: ignore,
    settled: ignore,
  }
}
