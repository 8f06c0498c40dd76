import type { ConnectionEvent } from '@sock/core'
import { later } from '@sock/test-support/resources'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import {
  connectTcp,
  createTcpServer,
  type Connection,
  type TcpConnection,
  type IpAddress,
  type TcpHandler,
  type TcpClientOptions,
  type TcpServer,
  type TcpServerOptions,
  type TcpTarget,
} from '../../src/index.js'

/** A running server, and its events. */
export interface Running {
  readonly server: TcpServer
  readonly address: IpAddress
  readonly errors: Told[]
  readonly events: ConnectionEvent[]
}

/** An error as the 'error' event gave it. */
export type Told = Error & { code?: string; remoteAddress?: IpAddress }

/** Echoes everything. */
export async function echo(connection: Connection): Promise<void> {
  for await (const chunk of connection) await connection.write(chunk)
}

/** Starts a server that is closed after the test. */
export async function serve(
  handler: TcpHandler = echo,
  options: TcpServerOptions = {},
  target: string | TcpTarget = '127.0.0.1:0',
): Promise<Running> {
  const server = createTcpServer(handler, options)
  const errors: Told[] = []
  const events: ConnectionEvent[] = []
  server.on('error', (error) => void errors.push(error as Told))
  server.on('connection', (event) => void events.push(event))
  later(() => server.close())
  return { server, address: await server.listen(target), errors, events }
}

/** Connects with our own client, which is closed after the test. */
export async function dial(
  target: string | IpAddress,
  options: TcpClientOptions = {},
): Promise<TcpConnection> {
  const connection = await connectTcp(target, options)
  later(() => connection.destroy())
  return connection
}

/** Connects with a bare socket, which is closed after the test. */
export async function dialRaw(
  address: IpAddress,
  options: { allowHalfOpen?: boolean } = {},
): Promise<Socket> {
  const socket = connect({ host: address.host, port: address.port, ...options })
  socket.on('error', () => {})
  later(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** All that a bare socket gets until the peer ends; `undefined` if it was reset before. */
export async function readToEnd(socket: Socket): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  let ended = false
  socket.once('end', () => (ended = true))
  await new Promise((resolve) => {
    socket.once('end', resolve)
    socket.once('close', resolve)
  })
  return ended ? Buffer.concat(chunks) : undefined
}

/** Resolves when a bare socket is closed for any reason. */
export async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => void socket.once('close', resolve))
}

/** All that a connection gives until its end. */
export async function collect(connection: Connection): Promise<Buffer> {
  const chunks: Buffer[] = []
  for (let chunk = await connection.read(); chunk !== null; chunk = await connection.read())
    chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Reads until `length` bytes have come. */
export async function readBytes(connection: Connection, length: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  for (let got = 0; got < length;) {
    const chunk = await connection.read()
    if (chunk === null) break
    chunks.push(chunk)
    got += chunk.length
  }
  return Buffer.concat(chunks)
}
