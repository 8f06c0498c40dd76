// Types, checked by `npm run typecheck`: nothing here is run. A line below `@ts-expect-error` must not compile.
import { typed, type Same } from '@sock/test-support/types'
import type {
  Channel,
  Connection,
  DatagramFunction,
  Handler,
  PeerCredentials,
  Server,
  StreamHandler,
  StreamServerStats,
  UnixAddress,
} from '@sock/core'
import { engine, type NativeSocket } from '@sock/native'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { connectUnix, createUnixServer, type UnixConnection, type UnixServer } from '../src/index.js'

interface Session {
  user: string
}

export function handlers(anywhere: Handler, onStreams: StreamHandler, onDatagrams: DatagramFunction): void {
  const servers: UnixServer[] = [
    createUnixServer(anywhere),
    createUnixServer(onStreams),
    createUnixServer((channel: Channel) => channel.close()),
    createUnixServer((connection: Connection) => connection.closeWrite()),
    createUnixServer({ close: (_, error) => void error?.message }),
  ]
  createUnixServer((connection) => {
    typed<Same<typeof connection, UnixConnection>>()
    typed<Same<typeof connection.localAddress.path, string>>()
    typed<Same<typeof connection.peerCredentials, PeerCredentials | undefined>>()
    const path: string | undefined = connection.remoteAddress?.path
    void [path, Duplex.toWeb(connection.stream)]
    // @ts-expect-error -- the address of a Unix peer has no port
    void connection.remoteAddress?.port
    // @ts-expect-error -- there is no TLS over Unix sockets
    void connection.tls?.protocol
  })
  // @ts-expect-error -- a connection is no datagram channel
  createUnixServer(onDatagrams)
  // @ts-expect-error -- there is no such callback
  createUnixServer({ message() {} })
  void servers
}

export function sessions(): void {
  const server = createUnixServer<Session>({
    open(connection) {
      connection.data = { user: 'me' }
      // @ts-expect-error -- a session has no such key
      connection.data = { usr: 'me' }
    },
    data: (connection, chunk) => connection.write(`${connection.data.user}: ${String(chunk)}`),
  })
  typed<Same<typeof server, UnixServer<Session>>>()
  for (const connection of server.connections()) typed<Same<typeof connection, UnixConnection<Session>>>()
  server.on('error', (_, connection) => typed<Same<typeof connection, UnixConnection<Session> | undefined>>())
  const any: Server = server
  void any
}

export async function targets(server: UnixServer): Promise<void> {
  typed<Same<Awaited<ReturnType<typeof server.listen>>, UnixAddress>>()
  typed<Same<typeof server.address, UnixAddress | undefined>>()
  typed<Same<ReturnType<typeof server.stats>, StreamServerStats>>()
  const address = await server.listen('/run/app.sock', { signal: AbortSignal.timeout(1000) })
  await server.listen({ path: '/run/app.sock', mode: 0o660, uid: 0, gid: 0 })
  await server.listen(address)
  const client = await connectUnix<Session>(address, { signal: AbortSignal.timeout(1000) })
  typed<Same<typeof client, UnixConnection<Session>>>()
  // @ts-expect-error -- a target needs a path
  await server.listen({ mode: 0o600 })
  // @ts-expect-error -- ports are elsewhere
  await server.listen({ port: 8080 })
  // @ts-expect-error -- a client makes no file that has a mode
  await connectUnix({ path: '/run/app.sock', mode: 0o600 })
}

export function options(): void {
  createUnixServer(() => {}, { configure: (socket) => typed<Same<typeof socket, Socket>>() })
  createUnixServer(() => {}, { engine, configure: (socket) => typed<Same<typeof socket, NativeSocket>>() })
  createUnixServer(() => {}, engine.available ? { engine } : {})
  void connectUnix('/run/x', { configure: (socket: Socket) => void socket.ref() })
  void connectUnix('/run/x', { engine, configure: (socket) => typed<Same<typeof socket, NativeSocket>>() })
  // @ts-expect-error -- that is no socket of Node's
  createUnixServer(() => {}, { configure: (socket: NativeSocket) => void socket })
  // @ts-expect-error -- that is no socket of the native engine
  createUnixServer(() => {}, { engine, configure: (socket: Socket) => void socket })
  // @ts-expect-error -- TLS is for tcp
  createUnixServer(() => {}, { tls: {} })
  // @ts-expect-error -- an option of servers
  void connectUnix('/run/x', { maxConnections: 1 })
}
