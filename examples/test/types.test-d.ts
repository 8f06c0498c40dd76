// What the four transports have in common, checked by `npm run typecheck`: nothing here is run.
// A line below `@ts-expect-error` must not compile.
import type {
  Address,
  Channel,
  Handler,
  Server,
  ServerStats,
  StreamHandler,
  DatagramHandler,
} from '@sock/core'
import { createTcpServer, type TcpServer } from '@sock/tcp'
import { createUdpServer, type UdpServer } from '@sock/udp'
import { createUnixServer, type UnixServer } from '@sock/unix'
import { createUnixgramServer, type UnixgramServer } from '@sock/unixgram'

interface Session {
  user: string
}

export async function together(
  tcp: TcpServer,
  udp: UdpServer,
  unix: UnixServer,
  unixgram: UnixgramServer,
): Promise<void> {
  const all: Server[] = [tcp, udp, unix, unixgram]
  const inferred = [tcp, udp, unix, unixgram]
  for (const server of inferred) server.on('state', (state, message) => console.log(state, message.length))
  for (const server of all) {
    server.on('state', (state, message) => console.log(state, message.length))
    server.once('error', (error, channel) => console.log(error.message, channel?.remoteAddress))
    server.off('connection', (event) => console.log(event.id))
    const address: Address = await server.listen(':0')
    const stats: ServerStats = server.stats()
    for (const channel of server.connections()) await channel.write(`${stats.bytesRead} ${String(address)}`)
    // @ts-expect-error -- without its type, a server listens on strings
    await server.listen({ port: 0 })
  }
  const reports = await Promise.all(all.map((server) => server.shutdown({ timeout: 1000 })))
  console.log(all[0]?.stats().handlerErrors, reports[0]?.forced)
  await tcp.listen({ port: 0 })
  await unix.listen({ path: './x' })
  // @ts-expect-error -- each keeps its own targets
  await tcp.listen({ path: './x' })
  // @ts-expect-error -- each keeps its own targets
  await unixgram.listen({ port: 0 })
}

export function sessions(): Server[] {
  const open = (channel: Channel<Session>): void => {
    channel.data = { user: 'me' }
  }
  return [
    createTcpServer<Session>({ open }),
    createUdpServer<Session>({ open }),
    createUnixServer<Session>({ open }),
    createUnixgramServer<Session>({ open }),
  ]
}

export function handlers(
  everywhere: Handler,
  onStreams: StreamHandler,
  onDatagrams: DatagramHandler,
): Server[] {
  // @ts-expect-error -- a datagram channel is no connection
  createUdpServer(onStreams)
  // @ts-expect-error -- a datagram channel is no connection
  createUnixgramServer(onStreams)
  // @ts-expect-error -- a connection is no datagram channel
  createTcpServer(onDatagrams)
  // @ts-expect-error -- a connection is no datagram channel
  createUnixServer(onDatagrams)
  return [
    createTcpServer(everywhere),
    createUnixServer(everywhere),
    createUdpServer(everywhere),
    createUnixgramServer(everywhere),
    createTcpServer(onStreams),
    createUnixServer(onStreams),
    createUdpServer(onDatagrams),
    createUnixgramServer(onDatagrams),
  ]
}
