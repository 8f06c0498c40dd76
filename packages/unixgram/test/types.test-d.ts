// Types, checked by `npm run typecheck`: nothing here is run. A line below `@ts-expect-error` must not compile.
import { typed, type Same } from '@sock/test-support/types'
import type {
  Channel,
  Connection,
  Datagram,
  DatagramChannel,
  DatagramHandler,
  DatagramServerStats,
  Handler,
  Server,
  StreamFunction,
  UnixAddress,
} from '@sock/core'
import { createEngine, engine, type NativeSocket } from '@sock/native'
import {
  connectUnixgram,
  createUnixgramServer,
  type UnixgramChannel,
  type UnixgramEngine,
  type UnixgramServer,
  type UnixgramSocket,
} from '../src/index.js'

interface Session {
  count: number
}

export function handlers(
  anywhere: Handler,
  onDatagrams: DatagramHandler,
  onConnections: StreamFunction,
): void {
  const servers: UnixgramServer[] = [
    createUnixgramServer(anywhere),
    createUnixgramServer(onDatagrams),
    createUnixgramServer((channel: Channel) => channel.close()),
    createUnixgramServer((channel: DatagramChannel) => channel.close()),
    createUnixgramServer({
      open: (channel: Channel) => void channel.id,
      close: (_, error) => void error?.message,
    }),
  ]
  createUnixgramServer(async (channel) => {
    typed<Same<typeof channel, UnixgramChannel>>()
    for await (const datagram of channel.datagrams()) {
      typed<Same<typeof datagram, Datagram<UnixAddress | undefined>>>()
      const path: string | undefined = datagram.remoteAddress?.path
      void path
      // @ts-expect-error -- a sender may have no name
      void datagram.remoteAddress.path
    }
    // @ts-expect-error -- the address of a Unix socket has no port
    void channel.remoteAddress?.port
  })
  createUnixgramServer({
    data(channel, data, from, truncated) {
      typed<Same<typeof from, UnixAddress | undefined>>()
      return channel.write(`${data.length} ${from?.path ?? ''} ${truncated}`)
    },
  })
  // @ts-expect-error -- a datagram channel has no closeWrite() and the like
  createUnixgramServer(onConnections)
  // @ts-expect-error -- nor is it what this one says it takes
  createUnixgramServer((connection: Connection) => connection.closeWrite())
  // @ts-expect-error -- neither as a callback
  createUnixgramServer({ data: (connection: Connection, chunk: Buffer) => connection.write(chunk) })
  void servers
}

export function sessions(): void {
  const server = createUnixgramServer<Session>({
    open(channel) {
      channel.data = { count: 0 }
      // @ts-expect-error -- a count is a number
      channel.data = { count: '0' }
    },
    data: (channel) => void (channel.data.count += 1),
  })
  typed<Same<typeof server, UnixgramServer<Session>>>()
  for (const channel of server.connections()) typed<Same<typeof channel, UnixgramChannel<Session>>>()
  server.on('error', (_, channel) => typed<Same<typeof channel, UnixgramChannel<Session> | undefined>>())
  const any: Server = server
  void any
}

export async function targets(server: UnixgramServer): Promise<void> {
  typed<Same<Awaited<ReturnType<typeof server.listen>>, UnixAddress>>()
  typed<Same<typeof server.address, UnixAddress | undefined>>()
  typed<Same<ReturnType<typeof server.stats>, DatagramServerStats>>()
  const address = await server.listen('/run/app.sock', { signal: AbortSignal.timeout(1000) })
  await server.listen({ path: '/run/app.sock', mode: 0o660, uid: 0, gid: 0 })
  await server.listen(address)
  const client = await connectUnixgram<Session>(address, { signal: AbortSignal.timeout(1000) })
  typed<Same<typeof client, UnixgramChannel<Session>>>()
  await client.send('hello', address)
  // @ts-expect-error -- an address of IP is none of a Unix socket's
  await client.send('hello', { family: 'ipv4', host: '127.0.0.1', port: 1 })
  // @ts-expect-error -- a target needs a path
  await server.listen({ mode: 0o600 })
  // @ts-expect-error -- ports are elsewhere
  await server.listen({ port: 8080 })
  // @ts-expect-error -- a client makes no file that has a mode
  await connectUnixgram({ path: '/run/app.sock', mode: 0o600 })
}

export function options(): void {
  createUnixgramServer(() => {}, { configure: (socket) => typed<Same<typeof socket, UnixgramSocket>>() })
  createUnixgramServer(() => {}, {
    engine,
    configure: (socket) => typed<Same<typeof socket, NativeSocket>>(),
  })
  createUnixgramServer(() => {}, { engine: createEngine(), configure: (socket) => void socket.fd })
  createUnixgramServer(() => {}, engine.available ? { engine } : {})
  void connectUnixgram('/run/x', {
    engine,
    configure: (socket) => typed<Same<typeof socket, NativeSocket>>(),
  })
  void connectUnixgram('/run/x', { configure: (socket: UnixgramSocket) => void socket.fd })
  // @ts-expect-error -- that is more than a socket of unix-dgram has
  createUnixgramServer(() => {}, { configure: (socket: NativeSocket) => void socket })
  // @ts-expect-error -- an engine opens Unix sockets
  createUnixgramServer(() => {}, { engine: { name: 'none' } })
  // @ts-expect-error -- an option of streams
  createUnixgramServer(() => {}, { idleTimeout: 1 })
  // @ts-expect-error -- an option of servers
  void connectUnixgram('/run/x', { shutdownTimeout: 1 })
}

/** The native engine declares its own type, which must fit. */
export const nativeEngine: UnixgramEngine<NativeSocket> = engine
