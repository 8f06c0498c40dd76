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
  IpAddress,
  Server,
  StreamFunction,
} from '@sock/core'
import { createEngine, engine, type NativeSocket } from '@sock/native'
import type { Socket } from 'node:dgram'
import {
  connectUdp,
  createUdpServer,
  type UdpBind,
  type UdpChannel,
  type UdpEngine,
  type UdpServer,
  type UdpSettings,
} from '../src/index.js'

interface Session {
  count: number
}

export function handlers(
  anywhere: Handler,
  onDatagrams: DatagramHandler,
  onConnections: StreamFunction,
): void {
  const servers: UdpServer[] = [
    createUdpServer(anywhere),
    createUdpServer(onDatagrams),
    createUdpServer((channel: Channel) => channel.close()),
    createUdpServer((channel: DatagramChannel) => channel.close()),
    createUdpServer({
      open: (channel: Channel) => void channel.id,
      close: (_, error) => void error?.message,
    }),
  ]
  createUdpServer(async (channel) => {
    typed<Same<typeof channel, UdpChannel>>()
    for await (const datagram of channel.datagrams()) {
      typed<Same<typeof datagram, Datagram<IpAddress>>>()
      typed<Same<typeof datagram.remoteAddress.port, number>>()
      // @ts-expect-error -- the address of a UDP sender has no path
      void datagram.remoteAddress.path
    }
    const port: number | undefined = channel.remoteAddress?.port
    void port
  })
  createUdpServer({
    data(channel, data, from, truncated) {
      typed<Same<typeof from, IpAddress>>()
      return channel.write(`${data.length} ${from.port} ${truncated}`)
    },
  })
  // @ts-expect-error -- a datagram channel has no closeWrite() and the like
  createUdpServer(onConnections)
  // @ts-expect-error -- nor is it what this one says it takes
  createUdpServer((connection: Connection) => connection.closeWrite())
  // @ts-expect-error -- neither as a callback
  createUdpServer({ data: (connection: Connection, chunk: Buffer) => connection.write(chunk) })
  // @ts-expect-error -- TLS is for tcp
  createUdpServer((channel) => void channel.tls)
  void servers
}

export function sessions(): void {
  const server = createUdpServer<Session>({
    open(channel) {
      channel.data = { count: 0 }
      // @ts-expect-error -- a count is a number
      channel.data = { count: '0' }
    },
    data: (channel) => void (channel.data.count += 1),
  })
  typed<Same<typeof server, UdpServer<Session>>>()
  for (const channel of server.connections()) typed<Same<typeof channel, UdpChannel<Session>>>()
  server.on('error', (_, channel) => typed<Same<typeof channel, UdpChannel<Session> | undefined>>())
  const any: Server = server
  void any
}

export async function targets(server: UdpServer): Promise<void> {
  typed<Same<Awaited<ReturnType<typeof server.listen>>, IpAddress>>()
  typed<Same<typeof server.address, IpAddress | undefined>>()
  typed<Same<ReturnType<typeof server.stats>, DatagramServerStats>>()
  const address = await server.listen(':8125', { signal: AbortSignal.timeout(1000) })
  await server.listen({ port: 0, host: '::1', ipv6Only: true, reuseAddress: true })
  await server.listen(address)
  const client = await connectUdp<Session>(address, { signal: AbortSignal.timeout(1000), broadcast: true })
  typed<Same<typeof client, UdpChannel<Session>>>()
  await client.send('hello', address)
  // @ts-expect-error -- a Unix address is none of UDP's
  await client.send('hello', { family: 'unix', path: '/run/app.sock' })
  // @ts-expect-error -- a target needs a port
  await server.listen({ host: '127.0.0.1' })
  // @ts-expect-error -- Unix sockets are elsewhere
  await server.listen({ path: '/run/app.sock' })
  // @ts-expect-error -- nothing is to be bound by a client
  await connectUdp({ port: 8080, reuseAddress: true })
}

export function options(): void {
  createUdpServer(() => {}, { configure: (socket) => typed<Same<typeof socket, Socket>>() })
  createUdpServer(() => {}, { engine, configure: (socket) => typed<Same<typeof socket, NativeSocket>>() })
  createUdpServer(() => {}, { engine: createEngine(), configure: (socket) => socket.getOption('ttl') })
  createUdpServer(() => {}, engine.available ? { engine } : {})
  void connectUdp(':53', { engine, configure: (socket) => typed<Same<typeof socket, NativeSocket>>() })
  void connectUdp(':53', { configure: (socket: Socket) => void socket.ref() })
  // @ts-expect-error -- that is no socket of Node's
  createUdpServer(() => {}, { configure: (socket: NativeSocket) => void socket })
  // @ts-expect-error -- that is no socket of the native engine
  createUdpServer(() => {}, { engine, configure: (socket: Socket) => void socket })
  // @ts-expect-error -- an engine opens UDP sockets
  createUdpServer(() => {}, { engine: { name: 'none' } })
  // @ts-expect-error -- an option of streams
  createUdpServer(() => {}, { idleTimeout: 1 })
  // @ts-expect-error -- an option of servers
  void connectUdp(':53', { shutdownTimeout: 1 })
}

/** The native engine declares the types of its arguments, which must be those that it gets. */
export function nativeEngine(bind: UdpBind, settings: UdpSettings): UdpEngine<NativeSocket> {
  const takes: Parameters<typeof engine.openUdp> = [bind, settings]
  void engine.openUdp(...takes)
  return engine
}
