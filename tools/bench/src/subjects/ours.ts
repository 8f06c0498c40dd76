import type {
  StreamCallbacks,
  DatagramCallbacks,
  StreamEngine,
  Handler,
  IpAddress,
  UnixAddress,
} from '@sock/core'
import type { UdpEngine } from '@sock/udp'
import type { UnixgramEngine } from '@sock/unixgram'
import { nativeEngine } from '../native.js'
import { isDatagram } from '../transports.js'
import type { Session, Workload } from '../workloads/workload.js'
import { serveStream } from './raw-stream.js'
import type { Running, Setup } from './subject.js'

/** Nothing is in flight when the harness drains: what is measured is the closing, not the wait for quiet. */
const STREAM_OPTIONS = { drainIdle: 1 }
const ANY_PORT = '127.0.0.1:0'

export const startCallbacks = (setup: Setup): Promise<Running> =>
  setup.transport === 'udp' || setup.transport === 'unixgram'
    ? startDatagram(setup, datagramCallbacks(setup.workload))
    : startStream(setup, streamCallbacks(setup.workload))

export const startForAwait = (setup: Setup): Promise<Running> => {
  const handler = createLoop(setup.workload)
  return setup.transport === 'udp' || setup.transport === 'unixgram'
    ? startDatagram(setup, handler)
    : startStream(setup, handler)
}

export const startNativeCallbacks = (setup: Setup): Promise<Running> =>
  isDatagram(setup.transport)
    ? startDatagram(setup, datagramCallbacks(setup.workload), nativeEngine)
    : startStream(setup, streamCallbacks(setup.workload), nativeEngine)

export const startNativeForAwait = (setup: Setup): Promise<Running> => {
  const handler = createLoop(setup.workload)
  return isDatagram(setup.transport)
    ? startDatagram(setup, handler, nativeEngine)
    : startStream(setup, handler, nativeEngine)
}

export const startStreams = (setup: Setup): Promise<Running> =>
  startStream(setup, {
    open({ stream }) {
      serveStream(stream, setup.workload)
      // A socket of Node's does that by itself: allowHalfOpen is false there.
      stream.on('end', () => stream.end())
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

/** The loop that runs on every transport. */
function createLoop(workload: Workload): Handler {
  return async (channel) => {
    const session = workload.open()
    for await (const chunk of channel) {
      const reply = session.received(chunk)
      if (reply !== undefined) await channel.write(reply)
    }
  }
}

// Packages are loaded by those who serve with them: a clone of one transport has no others, and a server's memory is its own.

async function startStream(
  setup: Setup,
  handler: Handler | StreamCallbacks,
  engine?: StreamEngine,
): Promise<Running> {
  const options = { ...STREAM_OPTIONS, engine }
  if (setup.transport === 'unix') {
    const { createUnixServer } = await import('@sock/unix')
    const server = createUnixServer(handler, options)
    server.on('error', report)
    return running(server, await server.listen(setup.path))
  }
  const { createTcpServer } = await import('@sock/tcp')
  const tls = setup.transport === 'tls' ? { tls: setup.certificate } : {}
  const server = createTcpServer(handler, { ...options, ...tls })
  server.on('error', report)
  return running(server, await server.listen(ANY_PORT))
}

async function startDatagram(
  setup: Setup,
  handler: Handler | DatagramCallbacks,
  engine?: UdpEngine & UnixgramEngine,
): Promise<Running> {
  if (setup.transport === 'unixgram') {
    const { createUnixgramServer } = await import('@sock/unixgram')
    const server = createUnixgramServer(handler, { engine })
    server.on('error', report)
    return running(server, await server.listen(setup.path))
  }
  const { createUdpServer } = await import('@sock/udp')
  const server = createUdpServer(handler, { engine })
  server.on('error', report)
  return running(server, await server.listen(ANY_PORT))
}

function running(server: { shutdown(): Promise<unknown> }, address: IpAddress | UnixAddress): Running {
  return {
    place: 'path' in address ? { path: address.path } : { host: address.host, port: address.port },
    async drain() {
      await server.shutdown()
    },
  }
}

function report(error: Error): void {
  console.error(error)
}
