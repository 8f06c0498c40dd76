import type { Address } from '../address.js'
import type { Connection, DatagramChannel } from '../channel.js'
import type { DatagramClientOptions, DatagramServerOptions } from '../datagram/options.js'
import type { DatagramHandler, Handler, StreamHandler } from '../handler.js'
import type { ConnectionEvent, DatagramServerStats, Server, ServerStats } from '../server.js'
import type { StreamClientOptions, StreamServerOptions } from '../stream/options.js'
import { assertNothingLeft, takeInventory } from './inventory.js'
import type { Case, Suite } from './suite.js'

/** What differs between kinds of transports. */
export interface Kind {
  handler: unknown
  serverOptions: object
  clientOptions: object
  channel: Connection | DatagramChannel
  stats: unknown
}

export interface StreamKind extends Kind {
  handler: StreamHandler
  serverOptions: StreamServerOptions
  clientOptions: StreamClientOptions
  channel: Connection
  stats: ServerStats
}

export interface DatagramKind extends Kind {
  handler: DatagramHandler
  serverOptions: DatagramServerOptions
  clientOptions: DatagramClientOptions
  channel: DatagramChannel
  stats: DatagramServerStats
}

/** What all transports have in common. */
export interface AnyKind extends Kind {
  handler: Handler
  serverOptions: { shutdownTimeout?: number }
  clientOptions: { signal?: AbortSignal; onState?: (event: ConnectionEvent) => void }
}

/** What a transport gives, so that its conformance can be tested. */
export interface Fixture<K extends Kind> {
  /** Names the suite: `tcp`, `tcp with TLS`… */
  readonly name: string
  createServer(handler: K['handler'], options?: K['serverOptions']): ServerUnderTest<K>
  /** Something to listen on that nobody else uses: port 0, a new path. */
  target(): unknown
  connect(address: Address, options?: K['clientOptions']): Promise<K['channel']>
  /** Names of what servers and clients make and must remove, such as socket files. */
  leftovers?(): readonly string[]
}

export type StreamFixture = Fixture<StreamKind>
export type DatagramFixture = Fixture<DatagramKind>
export type AnyFixture = Fixture<AnyKind>

/** A server of whatever transport; its targets are the fixture's business. */
export type ServerUnderTest<K extends Kind> = Server<never, Address, K['stats'], K['channel']>

/** Servers and clients of one case, which all go when it ends. */
export interface Stage<K extends Kind> {
  readonly fixture: Fixture<K>
  /** A server that listens, with what its observers have heard. */
  serve(handler: K['handler'], options?: K['serverOptions']): Promise<Scene<K>>
}

export interface Scene<K extends Kind = StreamKind> {
  readonly server: ServerUnderTest<K>
  readonly address: Address
  readonly errors: Error[]
  readonly events: ConnectionEvent[]
  readonly states: string[]
  readonly connect: (options?: K['clientOptions']) => Promise<K['channel']>
}

/** A suite over a fixture: each case gets a stage of its own, and must leave nothing behind. */
export type SuiteOf<K extends Kind> = (fixture: Fixture<K>) => Suite

/** Puts cases together to a suite. */
type DefineSuite<K extends Kind> = (
  name: string,
  cases: Readonly<Record<string, (stage: Stage<K>) => Promise<void>>>,
  suites?: readonly SuiteOf<K>[],
) => SuiteOf<K>

export const defineSuite: DefineSuite<StreamKind> = define
export const defineDatagramSuite: DefineSuite<DatagramKind> = define
export const defineAnySuite: DefineSuite<AnyKind> = define

function define<K extends Kind>(
  name: string,
  cases: Readonly<Record<string, (stage: Stage<K>) => Promise<void>>>,
  suites: readonly SuiteOf<K>[] = [],
): SuiteOf<K> {
  return (fixture) => ({
    name,
    cases: Object.entries(cases).map(([title, body]): Case => ({
      name: title,
      run: () => perform(fixture, body),
    })),
    suites: suites.map((suite) => suite(fixture)),
  })
}

async function perform<K extends Kind>(
  fixture: Fixture<K>,
  body: (stage: Stage<K>) => Promise<void>,
): Promise<void> {
  const leftovers = () => fixture.leftovers?.() ?? []
  const before = takeInventory(leftovers)
  const servers: ServerUnderTest<K>[] = []
  const clients: K['channel'][] = []
  const stage: Stage<K> = {
    fixture,
    async serve(handler, options) {
      const server = fixture.createServer(handler, options)
      servers.push(server)
      const scene = observe(server)
      const address = await server.listen(fixture.target() as never)
      return {
        ...scene,
        address,
        async connect(clientOptions) {
          const client = await fixture.connect(address, clientOptions)
          clients.push(client)
          return client
        },
      }
    },
  }
  try {
    await body(stage)
  } finally {
    await Promise.all([...clients.map(dispose), ...servers.map((server) => server.close())])
  }
  await assertNothingLeft(before, leftovers)
}

async function dispose(client: Connection | DatagramChannel): Promise<void> {
  if ('destroy' in client) client.destroy()
  else await client.close()
}

function observe<K extends Kind>(server: ServerUnderTest<K>): Omit<Scene<K>, 'address' | 'connect'> {
  const errors: Error[] = []
  const events: ConnectionEvent[] = []
  const states: string[] = []
  server.on('error', (error) => errors.push(error))
  server.on('connection', (event) => events.push(event))
  server.on('state', (state) => states.push(state))
  return { server, errors, events, states }
}
