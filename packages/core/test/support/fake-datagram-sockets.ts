import { ipAddress } from '../../src/lib/address/address.js'
import type { DatagramChannel } from '../../src/lib/channel/channel.js'
import { connectDatagram } from '../../src/lib/datagram/client.js'
import { createDatagramServer } from '../../src/lib/datagram/datagram-server.js'
import type { DatagramHandler } from '../../src/lib/channel/handler.js'
import type { ConnectionEvent, DatagramServerStats, Server } from '../../src/lib/server/server.js'
import { createFakeDatagramPort, type FakeDatagramPort, type FakeDatagramPortOptions } from '@sock/testing'

/** The peer of clients. */
export const PEER = ipAddress('127.0.0.1', 9)

/** A server that listens on a fake port. */
export async function serve(
  handler: DatagramHandler,
  options: FakeDatagramPortOptions & { maxQueuedBytes?: number } = {},
): Promise<{
  port: FakeDatagramPort
  server: Server<string, typeof PEER, DatagramServerStats, DatagramChannel>
  errors: Error[]
}> {
  const port = createFakeDatagramPort(options)
  const binding = { transport: 'unixgram', parse: () => 0, open: () => Promise.resolve(port) } as const
  const { maxQueuedBytes = 10_000 } = options
  const settings = { shutdownTimeout: 1_000, maxQueuedBytes, configure: undefined }
  const server = createDatagramServer<string, typeof PEER, number>(binding, handler, settings)
  const errors: Error[] = []
  server.on('error', (error) => void errors.push(error))
  await server.listen('here')
  return { port, server, errors }
}

/** A client that is connected by a fake port. */
export async function dial(
  options: FakeDatagramPortOptions = {},
  configure?: () => void,
  onState?: (event: ConnectionEvent) => void,
): Promise<{
  port: FakeDatagramPort
  channel: DatagramChannel
}> {
  const port = createFakeDatagramPort({ peer: PEER, ...options })
  const dialled = {
    transport: 'unixgram',
    maxQueuedBytes: 1_000,
    configure,
    onState,
  } as const
  return { port, channel: await connectDatagram({ ...dialled, dial: () => Promise.resolve(port) }, PEER) }
}

/** Waits for one turn of the event loop. */
export const turn = (): Promise<void> => new Promise(setImmediate)
