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
import { closeAll, recordOpened } from './opened.js'
import type { Case, Suite } from './suite.js'
import { ignore, soonOver } from './wait.js'

/** The types that differ between kinds of transports. */
export interface Kind {
  /** The handler of servers. */
  handler: unknown
  /** Options of servers. */
  serverOptions: object
  /** Options of clients. */
  clientOptions: object
  /** The type of channel of handlers and clients. */
  channel: Connection | DatagramChannel
  /** The result of a server's `stats()`. */
  stats: unknown
}

/** The kind of tcp and unix. */
export interface StreamKind extends Kind {
  handler: StreamHandler
  // oxlint-disable-next-line typescript/no-explicit-any -- the transport under test decides about the engine
  serverOptions: StreamServerOptions<any>
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
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

/** What a transport supplies for the test of its conformance. */
export interface Fixture<K extends Kind> {
  /** The name of the suite: `tcp`, `tcp with TLS`… */
  readonly name: string
  /** Makes a server. */
  createServer(handler: K['handler'], options?: K['serverOptions']): ServerOf<K>
  /** Returns a free target to listen on: port 0, a new path. */
  target(): string
  /** Connects a client to a server, by its address or by a target. */
  connect(target: Address | string, options?: K['clientOptions']): Promise<K['channel']>
  /**
   * Returns a target with this host and port. Present if targets can name hosts, which the transport looks up with
   * Node's `dns.lookup`: cases of {@link anyTransportConformance} replace it, to decide when it answers.
   */
  hostTarget?(host: string, port: number): string
  /** Whether targets are paths of socket files, and `listen()` takes a `UnixTarget` of core as well. Default: false */
  readonly socketFiles?: boolean
  /** Returns the names of files and the like that servers and clients must remove, such as socket files. */
  leftovers?(): readonly string[]
  /** What the transport does not support. Cases about it are left out, or expect what happens instead. */
  readonly lacks?: readonly Lack[]
  /** Datagrams: whether a full server leaves them with the system (`pause` of a `DatagramPort`) and drops none. */
  readonly pauses?: boolean
}

/**
 * A feature that a transport may lack. `reset`: telling the peer that this is no orderly end; without it the peer
 * sees an ordinary end. `sockets`: an engine's sockets; without them there are no options `engine`, `configure` and
 * `backlog` like those of core.
 */
export type Lack = 'reset' | 'sockets'

/** The fixture of a stream transport, for {@link streamConformance}. */
export type StreamFixture = Fixture<StreamKind>
/** The fixture of a datagram transport, for {@link datagramConformance}. */
export type DatagramFixture = Fixture<DatagramKind>
/** The fixture of any transport, for {@link anyTransportConformance}. */
export type AnyFixture = Fixture<AnyKind>

/** A server of a transport of this kind. */
export type ServerOf<K extends Kind> = Server<string, Address, K['stats'], K['channel']>

/** The servers and clients of one case. All are closed when it ends. */
export interface Stage<K extends Kind> {
  /** The transport under test. */
  readonly fixture: Fixture<K>
  /** Starts a server, whose events are recorded. */
  serve(handler: K['handler'], options?: K['serverOptions']): Promise<Scene<K>>
  /** Starts the same server again after it was closed, on a new target. */
  restart(scene: Scene<K>, options?: ListenOptions): Promise<Scene<K>>
  /** Adds a promise that must have settled at the end of the case, resolved or rejected. */
  keep<T>(promise: Promise<T>): Promise<T>
  /**
   * Stops the clock of deadlines, at most until the case ends. Use it for steps that must be done before a deadline:
   * then the speed of the machine does not matter.
   */
  holdClock(): HeldClock
}

/** A listening server, and its recorded events. */
export interface Scene<K extends Kind = StreamKind> {
  /** The server. */
  readonly server: ServerOf<K>
  /** The address it listens on. */
  readonly address: Address
  /** The errors of its `error` events. */
  readonly errors: Error[]
  /** Its `connection` events. */
  readonly events: ConnectionEvent[]
  /** The states of its `state` events, without the messages. */
  readonly states: string[]
  /** Connects a client, which is closed when the case ends. */
  readonly connect: (options?: K['clientOptions']) => Promise<K['channel']>
}

/** Returns a suite for a fixture. Each case gets a stage of its own, and must leave nothing behind. */
export type SuiteOf<K extends Kind> = (fixture: Fixture<K>) => Suite

/** Builds a suite from cases. */
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

/** Runs one case on a stage of its own. Afterwards nothing may be left, and the counters must add up. */
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
  const opened = recordOpened(fixture)
  const open = async (parts: Observed<K>, options?: ListenOptions): Promise<Scene<K>> => {
    const address = await parts.server.listen(fixture.target(), options)
    const connect: Scene<K>['connect'] = async (clientOptions) => {
      const client = await opened.fixture.connect(address, clientOptions)
      clients.push(client)
      return client
    }
    return { ...parts, address, connect }
  }
  const stage: Stage<K> = {
    fixture: opened.fixture,
    async serve(handler, options) {
      const observed = observe(opened.fixture.createServer(handler, options))
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
  const releaseClocks = (): void => clocks.toReversed().forEach((clock) => clock.release())
  try {
    await soonOver(body(stage)).finally(releaseClocks)
    await closeAll(
      clients,
      servers.map(({ server }) => server),
    )
  } catch (error) {
    // What cannot be closed either is a consequence: the first failure says more.
    await closeAll(opened.clients, opened.servers).catch(ignore)
    throw error
  } finally {
    uncaught.stop()
  }
  await promises.assertSettled()
  await assertNothingLeft(before, leftovers)
  for (const observed of servers) assertAccounts(observed.server.stats(), observed.events)
  uncaught.assertNone()
}

/** A server and its recorded events, before it listens. */
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
