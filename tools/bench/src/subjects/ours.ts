import type { DatagramCallbacks, Handler, IpAddress, StreamCallbacks, UnixAddress } from '@sock/core'
import { isStream } from '@sock/tools/transports'
import type { Engine } from '../modules.js'
import type { Session, Workload } from '../workloads/workload.js'
import { serveStream } from './raw.js'
import type { Running, Setup } from './subject.js'

export const startCallbacks = (setup: Setup, engine?: Engine): Promise<Running> =>
  isStream(setup.transport)
    ? startStream(setup, streamCallbacks(setup.workload), engine)
    : startDatagram(setup, datagramCallbacks(setup.workload), engine)

/** Starts a server with the loop that works on every transport. */
export function startForAwait(setup: Setup, engine?: Engine): Promise<Running> {
  const handler: Handler = async (channel) => {
    const session = setup.workload.open()
    for await (const chunk of channel) {
      const reply = session.received(chunk)
      if (reply !== undefined) await channel.write(reply)
    }
  }
  return (isStream(setup.transport) ? startStream : startDatagram)(setup, handler, engine)
}

export const startStreams = (setup: Setup): Promise<Running> =>
  startStream(setup, {
    open({ stream }) {
      serveStream(stream, setup.workload)
    },
  })

function streamCallbacks(workload: Workload): StreamCallbacks {
  return {
    open(connection) {
      connection.data = workload.open()
    },
    data(connection, chunk) {
      const reply = (connection.data as Session).received(chunk)
      if (reply === undefined) return undefined
      const written = connection.write(reply)
      return connection.writableNeedDrain ? written : undefined
    },
  }
}

function datagramCallbacks(workload: Workload): DatagramCallbacks {
  const session = workload.open()
  return {
    data(channel, data) {
      const reply = session.received(data)
      if (reply !== undefined) void channel.write(reply)
    },
  }
}

// Each server loads only its own package, since its memory is measured.

async function startStream(
  { transport, path, certificate }: Setup,
  handler: Handler | StreamCallbacks,
  engine?: Engine,
): Promise<Running> {
  // All connections are idle when the harness drains: this measures the closing, not the wait for idleness.
  const options = { drainIdle: 1, engine }
  if (transport === 'unix') {
    const { createUnixServer } = await import('@sock/unix')
    return listen(createUnixServer(handler, options), path)
  }
  const { createTcpServer } = await import('@sock/tcp')
  const tls = transport === 'tls' ? { tls: certificate } : {}
  return listen(createTcpServer(handler, { ...options, ...tls }), ANY_PORT)
}

async function startDatagram(
  { transport, path }: Setup,
  handler: Handler | DatagramCallbacks,
  engine?: Engine,
): Promise<Running> {
  if (transport === 'unixgram') {
    const { createUnixgramServer } = await import('@sock/unixgram')
    return listen(createUnixgramServer(handler, { engine }), path)
  }
  const { createUdpServer } = await import('@sock/udp')
  return listen(createUdpServer(handler, { engine }), ANY_PORT)
}

export const ANY_PORT = '127.0.0.1:0'

interface Listening {
  on(event: 'error', listener: (error: Error) => void): unknown
  listen(target: string): Promise<IpAddress | UnixAddress>
  shutdown(): Promise<unknown>
}

export async function listen(server: Listening, target: string): Promise<Running> {
  server.on('error', (error) => console.error(error))
  const address = await server.listen(target)
  return {
    place: 'path' in address ? { path: address.path } : { host: address.host, port: address.port },
    async drain() {
      await server.shutdown()
    },
  }
}
