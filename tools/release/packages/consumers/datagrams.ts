/* What a user of udp and unixgram writes. It is compiled and never run; each `@ts-expect-error` must be one. */
import type {
  Channel,
  Connection,
  StreamFunction,
  Datagram,
  DatagramCallbacks,
  DatagramChannel,
  DatagramServerStats,
  Handler,
  IpAddress,
  UnixAddress,
} from '@sock/core'
import {
  connectUdp,
  createUdpServer,
  type MulticastGroup,
  type UdpChannel,
  type UdpServer,
  type UdpServerOptions,
} from '@sock/udp'
import { connectUnixgram, createUnixgramServer, type UnixgramServer } from '@sock/unixgram'
import type { Socket } from 'node:dgram'

/* oxlint-disable typescript/no-unnecessary-type-parameters -- type parameters are what is tested with here */

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const typed = <T extends true>(): T[] => []

const echo: Handler = async (channel: Channel) => {
  for await (const data of channel) await channel.write(data)
}

const callbacks: DatagramCallbacks = {
  open: (channel) => void channel.id,
  data: (channel, data, from, truncated) => {
    typed<Same<typeof channel, DatagramChannel>>()
    typed<Same<typeof data, Buffer>>()
    typed<Same<typeof truncated, boolean>>()
    return from === undefined ? undefined : channel.send(data, from)
  },
  close: (_, error) => void error?.message,
}

const groups: MulticastGroup[] = [{ group: '239.0.0.1', interface: '127.0.0.1' }]
const options: UdpServerOptions = {
  maxQueuedBytes: 1_048_576,
  shutdownTimeout: 1_000,
  receiveBufferSize: 262_144,
  broadcast: true,
  ttl: 64,
  multicast: groups,
  configure: (socket) => {
    typed<Same<typeof socket, Socket>>()
  },
}

export async function serve(): Promise<void> {
  const udp: UdpServer = createUdpServer(echo, options)
  const unixgram: UnixgramServer = createUnixgramServer(callbacks)
  const more = createUdpServer(async (channel) => {
    typed<Same<typeof channel, UdpChannel>>()
    for await (const datagram of channel.datagrams()) {
      typed<Same<typeof datagram, Datagram<IpAddress>>>()
      if (!datagram.truncated) await datagram.reply(`${datagram.remoteAddress} said ${datagram.data}`)
    }
  })
  const address = await udp.listen({ host: '127.0.0.1', port: 0, reuseAddress: true })
  typed<Same<typeof address, IpAddress>>()
  const path = await unixgram.listen('@abstract')
  typed<Same<typeof path, UnixAddress>>()
  typed<Same<ReturnType<typeof more.stats>, DatagramServerStats>>()
  console.log(udp.stats().datagramsDropped.queueFull)

  const client = await connectUdp(address, { signal: AbortSignal.timeout(100) })
  const local = await connectUnixgram(path)
  const datagram = await client.receive()
  typed<Same<typeof datagram, Datagram<IpAddress> | null>>()
  await local.send(Buffer.of(1), path)
  await Promise.all([client.close(), local.close(), udp.shutdown(), unixgram.close()])
}

const onConnections: StreamFunction = (connection) => connection.closeWrite()

export function refused(channel: DatagramChannel): void {
  // @ts-expect-error -- a datagram channel has no closeWrite() and the like
  createUdpServer(onConnections)
  // @ts-expect-error -- nor is it what this one says it takes
  createUnixgramServer((connection: Connection) => connection.closeWrite())
  // @ts-expect-error -- an option of streams
  createUdpServer(echo, { idleTimeout: 1 })
  // @ts-expect-error -- a target needs a port
  void createUdpServer(echo).listen({ host: '127.0.0.1' })
  // @ts-expect-error -- a datagram needs somebody to go to
  void channel.send('x')
  // @ts-expect-error -- not every datagram has a sender with a name
  createUnixgramServer({ data: (_, data, from) => void from.toString() })
  // @ts-expect-error -- a datagram is not a stream
  void channel.stream
}
