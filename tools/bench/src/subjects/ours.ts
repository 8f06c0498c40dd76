import type {
  DatagramCallbacks,
  DatagramHandler,
  Handler,
  Server,
  StreamCallbacks,
  StreamHandler,
} from '@sock/core'
import type { Codec, FrameCallbacks } from '@sock/framing'
import type { NativeEngine } from '@sock/native'
import { isStream } from '@sock/tools/transports'
import type { Duplex } from 'node:stream'
import { isFramed, PREFIX_BYTES, type Framing, type Session, type Workload } from '../workload.js'
import { ignore, serveStream } from './raw.js'
import type { Running, Setup } from './subject.js'

export async function startCallbacks(setup: Setup, engine?: NativeEngine): Promise<Running> {
  const { transport, workload } = setup
  const { name } = workload
  if (isFramed(name)) return listen(setup, await cut(name, messageCallbacks(workload)), engine)
  return listen(setup, isStream(transport) ? streamCallbacks(workload) : datagramCallbacks(workload), engine)
}

/** Starts a server with the loop that works on every transport, and with messages in a stream. */
export async function startForAwait(setup: Setup, engine?: NativeEngine): Promise<Running> {
  const { name, open } = setup.workload
  const handler: Handler = async (channel) => {
    const session = open()
    for await (const chunk of channel) {
      const reply = session.received(chunk)
      if (reply !== undefined) await channel.write(reply)
    }
  }
  return listen(setup, isFramed(name) ? await cut(name, handler) : handler, engine)
}

export const startStreams = (setup: Setup): Promise<Running> =>
  listen(setup, {
    open({ stream }: { stream: Duplex }) {
      stream.on('error', ignore)
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

const messageCallbacks = ({ open }: Workload): FrameCallbacks<string | Buffer> => ({
  open: (peer) => void (peer.data = open()),
  message: (peer, message) => void (peer.data as Session).received(message),
})

/** Makes a handler of a stream from one of messages. */
async function cut(framing: Framing, handler: object): Promise<object> {
  const { framed, lengthPrefixed, lines } = await import('@sock/framing')
  const codec = framing === 'lines' ? lines() : lengthPrefixed({ bytes: PREFIX_BYTES })
  return framed(codec as Codec<string | Buffer>, handler as FrameCallbacks<string | Buffer>)
}

/** Each server loads only its own package, since its memory is measured. */
async function createServer(
  { transport, certificate }: Setup,
  handler: object,
  engine: NativeEngine | undefined,
): Promise<Server> {
  const onStream = handler as StreamHandler
  const onDatagram = handler as DatagramHandler
  // All connections are idle when the harness drains: this measures the closing, not the wait for idleness.
  const options = { drainIdle: 1, engine }
  if (transport === 'tcp') return (await import('@sock/tcp')).createTcpServer(onStream, options)
  if (transport === 'tls')
    return (await import('@sock/tcp')).createTcpServer(onStream, { ...options, tls: certificate })
  if (transport === 'unix') return (await import('@sock/unix')).createUnixServer(onStream, options)
  if (transport === 'udp') return (await import('@sock/udp')).createUdpServer(onDatagram, { engine })
  return (await import('@sock/unixgram')).createUnixgramServer(onDatagram, { engine })
}

/** Starts a server of the setup's transport. */
export async function listen(setup: Setup, handler: object, engine?: NativeEngine): Promise<Running> {
  const { transport, path } = setup
  const server = await createServer(setup, handler, engine)
  server.on('error', (error) => console.error(error))
  const address = await server.listen(transport.startsWith('unix') ? path : '127.0.0.1:0')
  return {
    place: 'path' in address ? { path: address.path } : { host: address.host, port: address.port },
    drain: async () => void (await server.shutdown()),
  }
}
