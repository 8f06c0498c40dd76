import type { ConnectionEvent, DatagramChannel, DatagramHandler, IpAddress, ServerState } from '@sock/core'
import { later } from '@sock/test-support/resources'
import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram'
import { once } from 'node:events'
import {
  connectUdp,
  createUdpServer,
  type UdpClientOptions,
  type UdpServer,
  type UdpServerOptions,
  type UdpTarget,
} from '../../src/index.js'

/** An error as the 'error' event gave it. */
export type Told = Error & { code?: string }

/** A running server, and its events. */
export interface Running {
  readonly server: UdpServer
  readonly address: IpAddress
  readonly errors: Told[]
  readonly events: ConnectionEvent[]
  readonly states: ServerState[]
}

/** Echoes everything. */
export async function echo(channel: DatagramChannel): Promise<void> {
  for await (const data of channel) await channel.write(data)
}

/** Makes a server that is closed after the test. */
export function create<EngineSocket = Socket>(
  handler: DatagramHandler = echo,
  options: UdpServerOptions<EngineSocket> = {},
): Omit<Running, 'address'> {
  const server = createUdpServer(handler, options)
  const errors: Told[] = []
  const events: ConnectionEvent[] = []
  const states: ServerState[] = []
  server.on('error', (error) => void errors.push(error))
  server.on('connection', (event) => void events.push(event))
  server.on('state', (state) => void states.push(state))
  later(() => server.close())
  return { server, errors, events, states }
}

/** Starts a server that is closed after the test. */
export async function serve<EngineSocket = Socket>(
  handler: DatagramHandler = echo,
  options: UdpServerOptions<EngineSocket> = {},
  target: string | UdpTarget = '127.0.0.1:0',
): Promise<Running> {
  const made = create(handler, options)
  return { ...made, address: await made.server.listen(target) }
}

/** Connects with our own client, which is closed after the test. */
export async function dial<EngineSocket = Socket>(
  target: string | IpAddress,
  options: UdpClientOptions<EngineSocket> = {},
): Promise<DatagramChannel> {
  const channel = await connectUdp(target, options)
  later(() => channel.close())
  return channel
}

/**
 * A bare socket, and its received datagrams. After a `send()` it hears only those that it sent to: another test may
 * still send to a socket that had the same port before.
 */
export interface Peer {
  readonly socket: Socket
  readonly port: number
  readonly got: Buffer[]
  readonly from: RemoteInfo[]
  send(data: string | Uint8Array, to: { host: string; port: number }): void
  /** Resolves with the next datagram. */
  next(): Promise<Buffer>
}

/** Binds a bare socket, which is closed after the test. */
export async function bindPeer(
  host = '127.0.0.1',
  options: Partial<SocketOptions> & { port?: number } = {},
): Promise<Peer> {
  const { port = 0, ...rest } = options
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', ...rest })
  later(() => new Promise<void>((resolve) => socket.close(resolve)))
  const got: Buffer[] = []
  const from: RemoteInfo[] = []
  let asked = 0
  const partners = new Set<number>()
  socket.on('message', (data, sender) => {
    if (partners.size > 0 && !partners.has(sender.port)) return
    got.push(data)
    from.push(sender)
  })
  socket.bind(port, host)
  await once(socket, 'listening')
  return {
    socket,
    port: socket.address().port,
    got,
    from,
    send(data, to) {
      partners.add(to.port)
      socket.send(data, to.port, to.host)
    },
    async next() {
      const index = asked++
      while (got.length <= index) await once(socket, 'message')
      return got[index] as Buffer
    },
  }
}

/** Returns a port without a listener. */
export async function unusedPort(): Promise<number> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(resolve))
  return port
}

/**
 * Returns a port of 127.0.0.1 that refuses datagrams, as one without a socket does. Until the test ends no other process
 * can get it, as it could get an unused one. Its socket is connected to itself, so it takes nothing from others.
 */
export async function refusingPort(): Promise<number> {
  const socket = createSocket('udp4')
  later(() => new Promise<void>((resolve) => socket.close(resolve)))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return port
}
