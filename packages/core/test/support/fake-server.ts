import type { Connection, ConnectionEvent, IpAddress, StreamServer, StreamHandler } from '../../src/index.js'
import { createDeferred } from '../../src/lib/async/deferred.js'
import {
  createStreamServer,
  type StreamListener,
  type StreamListenerSink,
  type StreamServerSettings,
} from '../../src/stream.js'
import {
  createFakeListener,
  createFakeStreamPort,
  type FakeListener,
  type FakeStreamPort,
} from '@sock/testing'

export type FakeServer = StreamServer<string, IpAddress>

/** Small marks, so that tests can cross them with words. */
const SETTINGS: StreamServerSettings = {
  shutdownTimeout: 25_000,
  maxConnections: Infinity,
  idleTimeout: 0,
  readTimeout: 0,
  writeTimeout: 0,
  firstByteTimeout: 0,
  maxLifetime: 0,
  highWaterMark: 10,
  maxWriteBuffer: Infinity,
  maxBufferedBytes: Infinity,
  drainIdle: 500,
  configure: undefined,
}

export interface FakeScene {
  readonly server: FakeServer
  readonly listener: FakeListener
  readonly sink: StreamListenerSink
  readonly errors: Error[]
  readonly events: ConnectionEvent[]
  readonly states: string[]
  /** A peer comes. */
  readonly accept: (port?: FakeStreamPort) => FakeStreamPort
}

/** A server whose listeners come from `open`. */
export function createFakeServer(
  handler: StreamHandler,
  open: (sink: StreamListenerSink) => Promise<StreamListener<IpAddress>>,
  settings: Partial<StreamServerSettings> = {},
): FakeServer {
  return createStreamServer<string, IpAddress, string>(
    { transport: 'tcp', secure: false, parse: (target) => target, open: (_, sink) => open(sink) },
    handler,
    { ...SETTINGS, ...settings },
  )
}

/** A server that listens, with what its observers have heard. */
export async function serveFake(
  handler: StreamHandler,
  settings: Partial<StreamServerSettings> = {},
  listener = createFakeListener(),
): Promise<FakeScene> {
  let sink!: StreamListenerSink
  const open = (given: StreamListenerSink): Promise<FakeListener> => {
    sink = given
    return Promise.resolve(listener)
  }
  const server = createFakeServer(handler, open, settings)
  const scene = observe(server)
  await server.listen('anywhere')
  const accept = (port = createFakeStreamPort()): FakeStreamPort => {
    sink.accept(port)
    return port
  }
  return { ...scene, server, listener, sink, accept }
}

function observe(server: FakeServer): Pick<FakeScene, 'errors' | 'events' | 'states'> {
  const errors: Error[] = []
  const events: ConnectionEvent[] = []
  const states: string[] = []
  server.on('error', (error) => errors.push(error))
  server.on('connection', (event) => events.push(event))
  server.on('state', (state) => states.push(state))
  return { errors, events, states }
}

export interface OpenFake extends FakeScene {
  readonly connection: Connection
  readonly port: FakeStreamPort
  /** The handler returns. */
  readonly release: () => void
}

/** One connection of a handler that does nothing until it is released. */
export async function openFake(
  settings?: Partial<StreamServerSettings>,
  port = createFakeStreamPort(),
): Promise<OpenFake> {
  const handled = createDeferred()
  let connection!: Connection
  const scene = await serveFake((given) => {
    connection = given
    return handled.promise
  }, settings)
  scene.accept(port)
  return { ...scene, connection, port, release: handled.resolve }
}

/** A connection whose writer waits, because more than `highWaterMark` is queued. */
export async function openStuck(): Promise<OpenFake & { readonly writing: Promise<void> }> {
  const scene = await openFake({ highWaterMark: 10 })
  scene.port.bufferedBytes = 12
  return { ...scene, writing: scene.connection.write('hello, world') }
}

/** What happened to connections, in short: `new`, `read`, `close reset`… */
export function story({ events }: Pick<FakeScene, 'events'>): string[] {
  return events.map(({ state, reason }) => (reason === undefined ? state : `${state} ${reason}`))
}

/** An error of the system. */
export function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`read ${code}`), { code })
}
