import type { Address } from '../address.js'
import { CallbackRegistry } from '../callbacks.js'
import type { DatagramChannel } from '../channel.js'
import { connectionEvent } from '../connection-event.js'
import { ignore } from '../deferred.js'
import type { ConnectionEvent } from '../server.js'
import type { DatagramPort } from './port.js'
import { DatagramSocket, type DatagramHost } from './socket.js'

export interface DatagramDial {
  readonly transport: 'udp' | 'unixgram'
  readonly maxQueuedBytes: number
  readonly configure: ((socket: never) => void) | undefined
  readonly onState: ((event: ConnectionEvent) => void) | undefined
  /** Binds a socket and connects it. Rejects with the system's error or the signal's reason, and leaves nothing then. */
  dial(): Promise<DatagramPort>
}

/** Connects, and makes of the port the same kind of channel that a server's handler gets. */
export async function connectDatagram(dial: DatagramDial, remote: Address): Promise<DatagramChannel> {
  const registry = new CallbackRegistry<{ connection: [ConnectionEvent] }>(['connection'])
  if (dial.onState !== undefined) registry.on('connection', dial.onState)
  const host: DatagramHost = {
    transport: dial.transport,
    maxQueuedBytes: dial.maxQueuedBytes,
    observed: dial.onState !== undefined,
    observe: (...what) => registry.emit('connection', connectionEvent(...what)),
    handlerFailed: ignore,
    // Nobody waits for an answer, so nobody misses one: as when the datagram had been lost on the way.
    failed: ignore,
    closed: ignore,
    finished: ignore,
  }
  const port = await dial.dial()
  try {
    dial.configure?.(port.socket as never)
  } catch (error) {
    port.close()
    throw error
  }
  const socket = new DatagramSocket(port, host)
  registry.emit('connection', { id: socket.id, state: 'dial', local: undefined, remote })
  registry.emit('connection', connectionEvent(socket, 'new'))
  socket.start()
  return socket
}
