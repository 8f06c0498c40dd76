// Types, checked by `npm run typecheck`: nothing here is run. A line below `@ts-expect-error` must not compile.
import { typed, type Same } from '@sock/test-support/types'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type {
  Address,
  Channel,
  CloseReason,
  Connection,
  ConnectionEvent,
  Datagram,
  DatagramCallbacks,
  DatagramChannel,
  DatagramFunction,
  DatagramHandler,
  DatagramServer,
  Handler,
  IpAddress,
  PeerCredentials,
  Server,
  ServerState,
  ServerStats,
  ShutdownReport,
  SockErrorCode,
  StreamCallbacks,
  StreamFunction,
  StreamHandler,
  StreamServer,
  StreamServerOptions,
  StreamServerStats,
  Transport,
  UnixAddress,
} from '../src/index.js'
import { isSockError, type exchange } from '../src/index.js'
import { check, checkOptions } from '../src/transport.js'

interface Session {
  user: string
}

export function handlers(anywhere: Handler, onConnections: StreamFunction): void {
  const handler: Handler = async (channel) => {
    typed<Same<typeof channel, Channel>>()
    for await (const chunk of channel) await channel.write(chunk)
  }
  const onStreams: StreamHandler[] = [
    handler,
    anywhere,
    onConnections,
    { data: (it, chunk) => it.write(chunk) },
  ]
  const onDatagrams: DatagramHandler[] = [handler, anywhere, { data: (it, data) => it.write(data) }]
  const narrower: StreamFunction & DatagramFunction = anywhere
  // @ts-expect-error -- a datagram channel has no closeWrite() and the like
  const wrongKind: DatagramHandler = onConnections
  // @ts-expect-error -- a handler of connections does not run on every channel
  const narrow: Handler = (given: Connection) => given.closeRead()
  // @ts-expect-error -- a handler gives nothing back
  const result: StreamHandler = () => 5
  // @ts-expect-error -- there is no such callback
  const unknown: StreamHandler = { dat() {} }
  // @ts-expect-error -- a chunk is a Buffer
  const chunk: StreamHandler = { data: (_: Connection, text: string) => void text }
  // @ts-expect-error -- datagrams have no end
  const end: DatagramHandler = { end() {} }
  // @ts-expect-error -- a data callback of datagrams has channel, data, sender and truncated, and no fifth
  const five: DatagramHandler = { data: (_1, _2, _3, _4, _5: number) => undefined }
  void [onStreams, onDatagrams, narrower, wrongKind, narrow, result, unknown, chunk, end, five]
}

export function callbacks(): void {
  typed<Same<Parameters<StreamFunction>, [connection: Connection]>>()
  typed<Same<Parameters<NonNullable<StreamCallbacks['open']>>, [connection: Connection]>>()
  typed<Same<Parameters<NonNullable<StreamCallbacks['data']>>, [connection: Connection, chunk: Buffer]>>()
  typed<
    Same<
      Parameters<NonNullable<StreamCallbacks['close']>>,
      [connection: Connection, error?: Error | undefined]
    >
  >()
  const stream: StreamHandler<Connection<Session>> = {
    open(connection) {
      typed<Same<typeof connection, Connection<Session>>>()
    },
    data(connection, chunk) {
      typed<Same<typeof connection.data.user, string>>()
      typed<Same<typeof chunk, Buffer>>()
    },
    async close(_, error) {
      typed<Same<typeof error, Error | undefined>>()
    },
  }
  const named: DatagramCallbacks<DatagramChannel<Session, IpAddress>> = {
    data(channel, data, from, truncated) {
      typed<Same<typeof channel.data, Session>>()
      typed<Same<typeof data, Buffer>>()
      typed<Same<typeof from, IpAddress>>()
      typed<Same<typeof truncated, boolean>>()
    },
  }
  const unnamed: DatagramHandler<DatagramChannel<unknown, UnixAddress | undefined>> = {
    data(channel, _, from) {
      typed<Same<typeof from, UnixAddress | undefined>>()
      typed<Same<typeof channel.remoteAddress, UnixAddress | undefined>>()
    },
  }
  void [stream, named, unnamed]
}

export async function connections(
  connection: Connection,
  typedData: Connection<Session, IpAddress>,
): Promise<void> {
  const channel: Channel = connection
  const iterable: AsyncIterable<Buffer> & AsyncDisposable = typedData
  const general: Connection = typedData
  typed<Same<ReturnType<Connection['read']>, Promise<Buffer | null>>>()
  typed<Same<Connection['localAddress'], Address>>()
  typed<Same<Connection['remoteAddress'], Address | undefined>>()
  typed<Same<Connection['tls'], unknown>>()
  typed<Same<Connection['waitingBytes'], number>>()
  typed<Same<Connection['peerCredentials'], PeerCredentials | undefined>>()
  typed<Same<Parameters<typeof exchange>[1], Uint8Array | string>>()
  typed<Same<typeof typedData.data, Session>>()
  const host: string | undefined = typedData.remoteAddress?.host
  connection.data = { anything: true }
  typedData.data = { user: 'me' }
  await connection.read({ timeout: 1, signal: connection.signal })
  const socket: Socket = connection.stream
  const web = Duplex.toWeb(connection.stream)
  await web.writable.getWriter().write('hello')
  void socket
  const { done } = await web.readable.getReader().read()
  // @ts-expect-error -- an option that does not exist
  await connection.read({ timeuot: 1 })
  // @ts-expect-error -- the session has no such key
  typedData.data = { usr: 'me' }
  // @ts-expect-error -- what it is must be looked at first
  void connection.data.user
  // @ts-expect-error -- ids are given
  connection.id = 1
  // @ts-expect-error -- what was read was read
  connection.bytesRead = 0
  // @ts-expect-error -- numbers are not written
  await connection.write(5)
  void [channel, iterable, general, host, done]
}

export async function datagrams(channel: DatagramChannel<Session, IpAddress>): Promise<void> {
  const general: DatagramChannel = channel
  for await (const datagram of channel.datagrams()) {
    typed<Same<typeof datagram, Datagram<IpAddress>>>()
    typed<Same<typeof datagram.remoteAddress.port, number>>()
    typed<Same<typeof datagram.peerCredentials, PeerCredentials | undefined>>()
    await channel.send(datagram.data, datagram.remoteAddress)
    await datagram.reply('got it')
  }
  await channel.send('hello', '127.0.0.1:8125')
  typed<Same<Datagram['remoteAddress'], Address | undefined>>()
  // @ts-expect-error -- a datagram needs a receiver
  await channel.send('hello', undefined)
  // @ts-expect-error -- a datagram socket has no half-close
  await channel.closeWrite()
  void general
}

export async function servers(stream: StreamServer, datagram: DatagramServer): Promise<void> {
  const all: Server[] = [stream, datagram]
  typed<Same<ReturnType<Server['stats']>, ServerStats>>()
  typed<Same<ReturnType<StreamServer['stats']>, StreamServerStats>>()
  typed<Same<ReturnType<Server['listen']>, Promise<Address>>>()
  typed<Same<ReturnType<Server['shutdown']>, Promise<ShutdownReport>>>()
  for (const connection of stream.connections()) typed<Same<typeof connection, Connection>>()
  for (const channel of datagram.connections()) typed<Same<typeof channel, DatagramChannel>>()
  for (const server of all) for (const channel of server.connections()) typed<Same<typeof channel, Channel>>()
  await using disposed = stream
  // @ts-expect-error -- this server listens on strings
  await stream.listen(8080)
  // @ts-expect-error -- the deadline is a number
  await stream.shutdown({ timeout: '5s' })
  // @ts-expect-error -- states are not set
  stream.state = 'idle'
  void disposed
}

export function observing(server: StreamServer): void {
  server.on('error', (error, about) => {
    typed<Same<typeof error, Error>>()
    typed<Same<typeof about, Connection | undefined>>()
  })
  server.once('connection', (event) => {
    typed<Same<typeof event, ConnectionEvent>>()
    typed<Same<typeof event.reason, CloseReason | undefined>>()
  })
  const observer = (state: ServerState, message: string): void => console.log(state, message)
  const unsubscribe: () => void = server.on('state', observer)
  server.off('state', observer)
  // @ts-expect-error -- there is no such event
  server.on('close', () => {})
  // @ts-expect-error -- nor here
  server.once('listening', () => {})
  // @ts-expect-error -- the first argument is an Error
  server.on('error', (error: string) => error)
  // @ts-expect-error -- it observes another event
  server.off('connection', observer)
  void unsubscribe
}

export function options(error: unknown): void {
  typed<Same<Transport, 'tcp' | 'udp' | 'unix' | 'unixgram'>>()
  const given: StreamServerOptions = { idleTimeout: undefined, configure: (socket) => socket.ref() }
  // @ts-expect-error -- there is no such option
  const unknown: StreamServerOptions = { idleTimout: 5 }
  const checked = checkOptions(
    'options',
    {},
    { port: check.integer(80, 0, 9), name: check.string(undefined) },
  )
  typed<Same<typeof checked.port, number>>()
  typed<Same<typeof checked.name, string | undefined>>()
  if (isSockError(error)) typed<Same<typeof error.code, SockErrorCode>>()
  // @ts-expect-error -- there is no such code
  isSockError(error, 'ERR_SOCK_CLOSE')
  void [given, unknown]
}
