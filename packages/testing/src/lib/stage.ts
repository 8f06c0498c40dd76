import type {
  Address,
  Connection,
  ConnectionEvent,
  DatagramChannel,
  DatagramClientOptions,
  DatagramHandler,
  DatagramServerOptions,
  DatagramServerStats,
  Handler,
  ListenOptions,
  Server,
  StreamClientOptions,
  StreamHandler,
  StreamServerOptions,
  StreamServerStats,
} from '@sock/core'
import { holdClock, type HeldClock } from './clock.js'
import { assertAccounts, collectUncaught, PromiseLedger } from './invariants.js'
import { assertNothingLeft, takeInventory } from './inventory.js'
import type { Case, Suite } from './suite.js'
import { soon } from './wait.js'

/** What differs between kinds of transports. */
export interface Kind {
  /** What servers are made with. */
  handler: unknown
  /** Options of servers. */
  serverOptions: object
  /** Options of clients. */
  clientOptions: object
  /** What handlers get, and clients are. */
  channel: Connection | DatagramChannel
  /** What `stats()` of a server gives. */
  stats: unknown
}

/** The kind of tcp and unix. */
export interface StreamKind extends Kind {
  handler: StreamHandler
  // oxlint-disable-next-line typescript/no-explicit-any -- the transport under test says which engine
  serverOptions: StreamServerOptions<any>
  // oxlint-disable-next-line typescript/no-explicit-any -- likewise
  clientOptions: StreamClientOptions<any>
  channel: Connection
  stats: StreamServerStats
}

/** The kind of udp and unixgram. */
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
  serverOptions: Pick<StreamServerOptions, 'shutdownTimeout'>
  clientOptions: Pick<StreamClientOptions, 'signal' | 'onState'>
}

/** What a transport gives, so that its conformance can be tested. */
export interface Fixture<K extends Kind> {
  /** Names the suite: `tcp`, `tcp with TLS`… */
  readonly name: string
  /** Makes a server. */
  createServer(handler: K['handler'], options?: K['serverOptions']): ServerOf<K>
  /** Something to listen on that nobody else uses: port 0, a new path. */
  target(): string
  /** Connects a client to where a server listens, by its address or by a target. */
  connect(target: Address | string, options?: K['clientOptions']): Promise<K['channel']>
  /** Names of what servers and clients make and must remove, such as socket files. */
  leftovers?(): readonly string[]
  /** What the transport cannot have; the cases that are about it are left out, or expect what comes instead. */
  readonly lacks?: readonly Lack[]
  /** Of datagrams: whether a full server leaves them with the system (`pause` of a `DatagramPort`), and drops none. */
  readonly pauses?: boolean
}

/**
 * `reset`: a way to tell the peer that this is no orderly end, so that it sees an end like any other. `sockets`: sockets of
 * an engine below, so that there are no options `engine`, `configure` and `backlog` like those of core.
 */
export type Lack = 'reset' | 'sockets'

/** What a stream transport gives {@link streamConformance}. */
export type StreamFixture = Fixture<StreamKind>
/** What a datagram transport gives {@link datagramConformance}. */
export type DatagramFixture = Fixture<DatagramKind>
/** What any transport gives {@link anyTransportConformance}. */
export type AnyFixture = Fixture<AnyKind>

/** A server of a transport of this kind. */
export type ServerOf<K extends Kind> = Server<string, Address, K['stats'], K['channel']>

/** Servers and clients of one case, which all go when it ends. */
export interface Stage<K extends Kind> {
  /** The transport under test. */
  readonly fixture: Fixture<K>
  /** A server that listens, with what its observers have heard. */
  serve(handler: K['handler'], options?: K['serverOptions']): Promise<Scene<K>>
  /** The same server once more, after it was closed, wherever it listens now. */
  restart(scene: Scene<K>, options?: ListenOptions): Promise<Scene<K>>
  /** Of a promise that must have settled when the case is over; whether it resolves or rejects. */
  keep<T>(promise: Promise<T>): Promise<T>
  /**
   * Stops the clock that deadlines are measured by, at the latest until the case is over. A case that must be done with
   * something before a deadline strikes holds the clock meanwhile: then it does not matter how fast the machine is.
   */
  holdClock(): HeldClock
}

/** A server that listens, and what its observers have heard so far. */
export interface Scene<K extends Kind = StreamKind> {
  /** The server. */
  readonly server: ServerOf<K>
  /** Where it listens. */
  readonly address: Address
  /** What its `error` event told. */
  readonly errors: Error[]
  /** What its `connection` event told. */
  readonly events: ConnectionEvent[]
  /** What its `state` event told, without the messages. */
  readonly states: string[]
  /** Connects a client, which goes when the case ends. */
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

/** Runs one case on a stage of its own. Afterwards nothing may be left, and what was counted must add up. */
export async function perform<K extends Kind>(
  fixture: Fixture<K>,
  body: (stage: Stage<K>) => Promise<void>,
): Promise<void> {
  const leftovers = () => fixture.leftovers?.() ?? []
  const before = takeInventory(leftovers)
  const uncaught = collectUncaught()
  const promises = new PromiseLedger()
  const servers: Observed<K>[] = []
  const clients: K['channel'][] = []
  const clocks: HeldClock[] = []
  const open = async (parts: Observed<K>, options?: ListenOptions): Promise<Scene<K>> => {
    const address = await parts.server.listen(fixture.target(), options)
    const connect: Scene<K>['connect'] = async (clientOptions) => {
      const client = await fixture.connect(address, clientOptions)
      clients.push(client)
      return client
    }
    return { ...parts, address, connect }
  }
  const stage: Stage<K> = {
    fixture,
    async serve(handler, options) {
      const observed = observe(fixture.createServer(handler, options))
      servers.push(observed)
      return open(observed)
    },
    restart: (scene, options) => open(scene, options),
    keep: (promise) => promises.keep(promise),
    holdClock() {
      const clock = holdClock()
      clocks.push(clock)
      return clock
    },
  }
  try {
    await body(stage)
  } finally {
    for (const clock of clocks.toReversed()) clock.release()
    const closing = [...clients.map(dispose), ...servers.map(({ server }) => server.close())]
    await soon(Promise.all(closing), 'closing clients and servers').finally(uncaught.stop)
  }
  await promises.assertSettled()
  await assertNothingLeft(before, leftovers)
  for (const observed of servers) assertAccounts(observed.server.stats(), observed.events)
  uncaught.assertNone()
}

async function dispose(client: Connection | DatagramChannel): Promise<void> {
  if ('destroy' in client) client.destroy()
  else await client.close()
}

/** A server and what it told, before it listens. */
type Observed<K extends Kind> = Omit<Scene<K>, 'address' | 'connect'>

function observe<K extends Kind>(server: ServerOf<K>): Observed<K> {
  const errors: Error[] = []
  const events: ConnectionEvent[] = []
  const states: string[] = []
  server.on('error', (error) => errors.push(error))
  server.on('connection', (event) => events.push(event))
  server.on('state', (state) => states.push(state))
  return { server, errors, events, states }
}
