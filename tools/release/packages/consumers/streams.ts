/* What a user of tcp and unix writes. It is compiled and never run; each `@ts-expect-error` must be one. */
import {
  exchange,
  formatAddress,
  isExpectedClose,
  isSockError,
  SockError,
  type Address,
  type Channel,
  type CloseReason,
  type Connection,
  type StreamCallbacks,
  type ConnectionEvent,
  type StreamFunction,
  type ConnectionState,
  type Handler,
  type IpAddress,
  type Server,
  type ServerState,
  type StreamServerStats,
  type ShutdownReport,
  type SockErrorCode,
  type StreamServerOptions,
  type UnixAddress,
  type Unsubscribe,
} from '@sock/core'
import { connectTcp, createTcpServer } from '@sock/tcp'
import type { TcpHandler, TcpServer, TcpServerOptions, TcpTarget, TlsSession } from '@sock/tcp'
import { connectUnix, createUnixServer, type UnixClientOptions, type UnixServer } from '@sock/unix'
import type { X509Certificate } from 'node:crypto'
import { Server as HttpServer } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/* oxlint-disable typescript/no-unnecessary-type-parameters -- type parameters are what is tested with here */

/** Whether two types are the same, and not only fit each other: `any` is the same as nothing else. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const typed = <T extends true>(): T[] => []

const echo: Handler = async (channel) => {
  for await (const chunk of channel) {
    typed<Same<typeof chunk, Buffer>>()
    await channel.write(chunk)
  }
}

export const overTls: TcpHandler = (connection) => {
  typed<Same<typeof connection.tls, TlsSession | undefined>>()
  typed<Same<NonNullable<typeof connection.tls>['peerCertificate'], X509Certificate | undefined>>()
  typed<Same<typeof connection.remoteAddress, IpAddress | undefined>>()
}

const http = new HttpServer()
const overHttp: StreamFunction = (connection) => {
  typed<Same<typeof connection, Connection>>()
  typed<Same<typeof connection.stream, Duplex>>()
  typed<Same<typeof connection.tls, unknown>>()
  typed<Same<typeof connection.signal, AbortSignal>>()
  typed<Same<typeof connection.remoteAddress, Address | undefined>>()
  http.emit('connection', connection.stream)
}

const callbacks: StreamCallbacks = {
  open: (connection) => void (connection.data = { since: Date.now() }),
  data: (connection, chunk) => connection.write(chunk.subarray(1)),
  end: (connection) => connection.closeWrite(),
  drain: (connection) => void connection.writableNeedDrain,
  close: (connection, error) => {
    typed<Same<typeof error, Error | undefined>>()
    connection.destroy(error)
  },
}

const options: StreamServerOptions = {
  shutdownTimeout: 5_000,
  maxConnections: Infinity,
  idleTimeout: 30_000,
  highWaterMark: 65_536,
  maxWriteBuffer: 1_048_576,
  drainIdle: 100,
  backlog: 511,
  configure: (socket) => {
    typed<Same<typeof socket, Socket>>()
    socket.setNoDelay(true)
  },
}
const tcpOptions: TcpServerOptions = {
  ...options,
  noDelay: true,
  keepAlive: 60_000,
  handshakeTimeout: 10_000,
  maxHandshakes: 100,
  tls: { key: Buffer.from(''), cert: '', requestCert: true, ALPNProtocols: ['h2'] },
}

export async function serve(): Promise<ShutdownReport> {
  const tcp: TcpServer = createTcpServer(echo, tcpOptions)
  const unix: UnixServer = createUnixServer(callbacks, options)
  const others = [createTcpServer(overHttp), createUnixServer(overHttp), createTcpServer(callbacks)]
  const target: TcpTarget = { host: '::1', port: 0, ipv6Only: true, reusePort: false }
  const stop = new AbortController()

  const address = await tcp.listen(target, { signal: stop.signal })
  typed<Same<typeof address, IpAddress>>()
  await unix.listen({ path: '/run/app.sock', mode: 0o660, gid: 1_000 })
  const unsubscribe = unix.on('connection', (event) => {
    typed<Same<typeof event, ConnectionEvent>>()
    typed<Same<typeof event.state, ConnectionState>>()
    typed<Same<typeof event.reason, CloseReason | undefined>>()
  })
  typed<Same<typeof unsubscribe, Unsubscribe>>()
  tcp.on('error', (error, connection) => console.error(error.message, connection?.id))
  tcp.on('state', (state, message) => {
    typed<Same<typeof state, ServerState>>()
    console.log(message)
  })
  tcp.setSecureContext({ key: '', cert: Buffer.alloc(0) })
  unsubscribe()
  typed<Same<ReturnType<typeof unix.stats>, StreamServerStats>>()
  console.log(formatAddress(address), unix.address?.path, others.length, tcp.stats().rejected.handshakeFailed)
  await unix[Symbol.asyncDispose]()
  await tcp.closed
  return tcp.shutdown({ timeout: 1_000, signal: AbortSignal.timeout(500) })
}

export async function talk(address: UnixAddress): Promise<string> {
  const clientOptions: UnixClientOptions = {
    signal: AbortSignal.timeout(1_000),
    onState: ({ state }) => state,
  }
  const connection = await connectUnix(address, clientOptions)
  const secure = await connectTcp('localhost:8443', { tls: { ca: Buffer.alloc(0) }, serverName: 'localhost' })
  const chunk = await connection.read()
  typed<Same<typeof chunk, Buffer | null>>()
  const answer = await exchange(secure, 'hello', { signal: AbortSignal.timeout(1_000), maxBytes: 1_024 })
  typed<Same<typeof answer, Buffer>>()
  const channel: Channel = connection
  try {
    await channel.write(new Uint8Array(3))
  } catch (error) {
    if (isExpectedClose(error)) return ''
    if (isSockError(error, 'ERR_SOCK_SHUTDOWN_TIMEOUT')) {
      typed<Same<typeof error, SockError>>()
      typed<Same<typeof error.code, SockErrorCode>>()
      return `${error.report?.forced} ${error.cause}`
    }
    throw new SockError('ERR_SOCK_CLOSED', 'Cannot go on', { cause: error })
  }
  return answer.toString('utf8')
}

export function refused(connection: Connection, server: Server<string, IpAddress>): unknown[] {
  // @ts-expect-error -- there is no such option
  createTcpServer(echo, { idleTimout: 5 })
  // @ts-expect-error -- a time is a number
  createUnixServer(echo, { idleTimeout: '5s' })
  // @ts-expect-error -- there is no such callback
  createTcpServer({ message: () => {} })
  // @ts-expect-error -- a chunk is a Buffer
  createTcpServer({ data: (_: Connection, chunk: string) => void chunk })
  // @ts-expect-error -- a handler gives nothing back
  createTcpServer(() => 5)
  // @ts-expect-error -- a target needs a port
  void createTcpServer(echo).listen({ host: 'localhost' })
  // @ts-expect-error -- Unix sockets have paths
  void createUnixServer(echo).listen({ port: 80 })
  // @ts-expect-error -- numbers are not written
  void connection.write(5)
  // @ts-expect-error -- ids are given
  connection.id = 5
  // @ts-expect-error -- there is no such event
  server.on('connect', () => {})
  // @ts-expect-error -- a server of Unix sockets has no certificates
  createUnixServer(echo).setSecureContext({})
  // @ts-expect-error -- a connection may have been closed: the chunk may be null
  void connection.read().then((chunk) => chunk.length)
  // @ts-expect-error -- there is no such code
  return [isSockError(0, 'ERR_SOCK_CLOSE')]
}
