// Types, checked by `npm run typecheck`: nothing here is run. A line below `@ts-expect-error` must not compile.
import { typed, type Same } from '@sock/test-support/types'
import type {
  Channel,
  Connection,
  DatagramFunction,
  Handler,
  IpAddress,
  Server,
  StreamEngine,
  StreamHandler,
  StreamServerStats,
} from '@sock/core'
import { createEngine, engine, type NativeSocket } from '@sock/native'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import {
  connectTcp,
  createTcpServer,
  type TcpConnection,
  type TcpServer,
  type TlsSession,
} from '../src/index.js'

interface Session {
  user: string
}

export function handlers(anywhere: Handler, onStreams: StreamHandler, onDatagrams: DatagramFunction): void {
  const servers: TcpServer[] = [
    createTcpServer(anywhere),
    createTcpServer(onStreams),
    createTcpServer((channel: Channel) => channel.close()),
    createTcpServer((connection: Connection) => connection.closeWrite()),
    createTcpServer({ close: (_, error) => void error?.message }),
  ]
  createTcpServer((connection) => {
    typed<Same<typeof connection, TcpConnection>>()
    typed<Same<typeof connection.data, unknown>>()
    typed<Same<typeof connection.localAddress.port, number>>()
    const host: string | undefined = connection.remoteAddress?.host
    const protocol: string | null | undefined = connection.tls?.protocol
    typed<Same<typeof connection.tls, TlsSession | undefined>>()
    void [host, protocol, Duplex.toWeb(connection.stream)]
    // @ts-expect-error -- the address of a TCP peer has no path
    void connection.remoteAddress?.path
  })
  // @ts-expect-error -- a connection is no datagram channel
  createTcpServer(onDatagrams)
  // @ts-expect-error -- there is no such callback
  createTcpServer({ message() {} })
  void servers
}

export function sessions(): void {
  const server = createTcpServer<Session>({
    open(connection) {
      connection.data = { user: 'me' }
      // @ts-expect-error -- a session has no such key
      connection.data = { usr: 'me' }
    },
    data: (connection, chunk) => connection.write(`${connection.data.user}: ${String(chunk)}`),
  })
  typed<Same<typeof server, TcpServer<Session>>>()
  for (const connection of server.connections()) typed<Same<typeof connection, TcpConnection<Session>>>()
  server.on('error', (_, connection) => typed<Same<typeof connection, TcpConnection<Session> | undefined>>())
  const any: Server = server
  void any
}

export async function targets(server: TcpServer): Promise<void> {
  typed<Same<Awaited<ReturnType<typeof server.listen>>, IpAddress>>()
  typed<Same<typeof server.address, IpAddress | undefined>>()
  typed<Same<ReturnType<typeof server.stats>, StreamServerStats>>()
  const address = await server.listen(':8080', { signal: AbortSignal.timeout(1000) })
  await server.listen({ port: 0, host: '::1', ipv6Only: true, reusePort: true })
  await server.listen(address)
  const client = await connectTcp<Session>(address, { signal: AbortSignal.timeout(1000), tls: true })
  typed<Same<typeof client, TcpConnection<Session>>>()
  // @ts-expect-error -- a port alone is no target
  await server.listen(8080)
  // @ts-expect-error -- a target needs a port
  await server.listen({ host: '127.0.0.1' })
  // @ts-expect-error -- Unix sockets are elsewhere
  await server.listen({ path: '/run/app.sock' })
  // @ts-expect-error -- nothing is to be bound by a client
  await connectTcp({ port: 8080, reusePort: true })
}

export function options(anyEngine: StreamEngine): void {
  createTcpServer(() => {}, { configure: (socket) => typed<Same<typeof socket, Socket>>() })
  createTcpServer(() => {}, { configure: (socket: Socket) => socket.setNoDelay() })
  createTcpServer(() => {}, { engine, configure: (socket) => socket.setOption('noDelay', 1) })
  createTcpServer(() => {}, { engine, configure: (socket: NativeSocket) => socket.setOption('noDelay', 1) })
  createTcpServer(() => {}, { engine, configure: (socket) => typed<Same<typeof socket, NativeSocket>>() })
  createTcpServer(() => {}, {
    engine: createEngine(),
    configure: (socket) => void socket.getOption('noDelay'),
  })
  createTcpServer(() => {}, engine.available ? { engine } : {})
  createTcpServer(() => {}, { engine: anyEngine })
  void connectTcp(':80', { configure: (socket) => typed<Same<typeof socket, Socket>>() })
  void connectTcp(':80', { engine, configure: (socket) => typed<Same<typeof socket, NativeSocket>>() })
  // @ts-expect-error -- that is no socket of Node's
  createTcpServer(() => {}, { configure: (socket: NativeSocket) => void socket })
  // @ts-expect-error -- that is no socket of the native engine
  createTcpServer(() => {}, { engine, configure: (socket: Socket) => void socket })
  // @ts-expect-error -- a client has no such socket either
  void connectTcp(':80', { engine, configure: (socket: Socket) => void socket })
  // @ts-expect-error -- an option of datagrams
  createTcpServer(() => {}, { maxQueuedBytes: 1 })
  // @ts-expect-error -- an option of servers
  void connectTcp(':80', { maxConnections: 1 })
}
