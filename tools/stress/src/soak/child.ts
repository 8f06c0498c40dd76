import { setMaxListeners } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { formatAddress, type Address } from '@sock/core'
import type { TcpServer } from '@sock/tcp'
import type { Certificate } from '@sock/tools/certificate'
import { serveParent } from '@sock/tools/children'
import { isStream, type TransportName } from '@sock/tools/transports'
import fc from 'fast-check'
import {
  anyPlan,
  anyTurn,
  type Moment,
  type Plan,
  type ServerSpec,
  type Turn,
  type Verb,
} from '../world/acts.js'
import { isEcho, type Form } from '../world/handlers.js'
import { Means, type EngineName } from '../world/means.js'
import { pause, until } from '../world/pace.js'
import { catchStray, Pledges } from '../world/pledges.js'
import type { Place, WorldServer } from '../world/server.js'
import { World } from '../world/world.js'
import { takeSample } from './sample.js'
import type { Role } from './verdict.js'

/* A child process of the soak: the servers, or clients. */

interface Setup {
  readonly role: Role
  readonly seed: number
  readonly only: readonly TransportName[]
  readonly folder: string
  readonly engine: EngineName
  /** The certificate in use, and the next one. */
  readonly certificates: readonly [Certificate, Certificate]
}

/** Two forms of handlers for each transport. */
const FORMS: Readonly<Record<TransportName, readonly Form[]>> = {
  tcp: ['callbacks', 'pipeline'],
  tls: ['function', 'pipeline'],
  unix: ['reader', 'few callbacks'],
  udp: ['callbacks', 'function'],
  unixgram: ['reader', 'callbacks'],
}
/** Clients that are stopped are silent for a shorter time than these. A crowd exceeds `maxConnections`. */
const LIMITS = { highWaterMark: 65_536, maxConnections: 150, idleTimeout: 4_000 }
/** How long a shutdown waits for busy connections, in ms. */
const SHUTDOWN_TIMEOUT = 700
/** The time between two restarts of a server, and two changes of certificates, in ms of a round. */
const RESTART_EVERY = 6_000
/** In ms. Everything that ends on its own ends sooner, even while the other process is stopped. */
const PATIENCE = 60_000
/** The time between two actions of clients, in ms. */
const BREATH = 5
/** The minimum of turns in a round: a busy machine has fewer turns in the same time. */
const LEAST_TURNS = 60
/** The number of concurrent clients. */
const CLIENTS = 100
/** More clients than a server admits. */
const CROWD = 170
/** One in this many callbacks acts on other connections. */
const PLAN_EVERY = 150
/** In one of this many turns, a crowd connects, or clients that send garbage. */
const MISCHIEF_EVERY = 60

const faults: string[] = []
const note = ({ message }: Error): void => void faults.push(message)
let setup: Setup
let world: World
let random: () => number
/** What the clients do next. */
let nextTurn: () => Turn
let over = new AbortController()

catchStray((error) => faults.push(`not caught: ${String((error as Error).stack)}`))

const functions = {
  /** @param places the servers of the other process @returns those of this process, whose addresses stay the same */
  async begin(given: Setup, places: readonly Place[]): Promise<Place[]> {
    setup = given
    const { role, certificates, engine, folder, only } = setup
    random = inTurn(fc.noBias(fc.nat({ max: 2 ** 30 })).map((one) => one / (2 ** 30 + 1)))
    const turns = (...verbs: Verb[]): fc.Arbitrary<Turn> =>
      anyTurn({ verbs: fc.constantFrom(...verbs), who: ['peer', 'peer', 'peer', 'many peers'], most: 8 })
    const rude = turns('close', 'closeRead', 'destroy', 'reset', 'connect and abort')
    const gentle = turns('write', 'write', 'write', 'write', 'stall', 'resume', 'closeWrite')
    nextTurn = inTurn(fc.oneof({ weight: 20, arbitrary: gentle }, { weight: 1, arbitrary: rude }))
    let count = 0
    const means = new Means(engine, certificates, () => join(folder, `${(count += 1)}`))
    world = new World(means, new Pledges(note), role === 'servers' ? planner() : () => undefined)
    world.places.push(...places)
    if (role === 'servers') await Promise.all(specsOf(only).map((spec) => world.createServer(spec).listen()))
    return world.servers.map(({ spec, address }) => ({ spec, address }))
  },
  /**
   * Runs load and faults.
   * @param ms the length
   * @param restless 0 or 1: every second server, from this one on, is restarted
   */
  async round(ms: number, restless: number) {
    over = new AbortController()
    setMaxListeners(0, over.signal)
    world.isEnding = false
    await (setup.role === 'servers' ? disturb(ms, restless) : load(ms, restless))
  },
  /** Ends the round early. */
  hurry: () => over.abort(),
  /** From here on, servers end their connections when clients do. */
  serveOut: () => world.serveOut(),
  /** Waits until no operation is pending, and reports. Clients disconnect before. */
  async report() {
    if (setup.role === 'clients') await world.leave(PATIENCE).catch(note)
    await until(isQuiet, PATIENCE, 'busy after the last client left').catch(note)
    await world.settle(PATIENCE).catch(note)
    return { accounts: world.collect(), faults: faults.splice(0), sample: await takeSample() }
  },
  /** Shuts the servers down for the last time. @returns the contradictions by server */
  async finish() {
    await Promise.all(world.servers.map((server) => server.shutDown(SHUTDOWN_TIMEOUT)))
    const problems = world.servers.flatMap(({ spec, observer }) =>
      observer
        .problems({ failures: !isEcho(spec), members: true })
        .map((problem) => `${spec.transport}, ${spec.form}: ${problem}`),
    )
    return { problems, sample: await takeSample() }
  },
}
export type SoakChild = typeof functions
export type Report = Awaited<ReturnType<SoakChild['report']>>
serveParent(functions)

const specsOf = (only: readonly TransportName[]): ServerSpec[] =>
  only.flatMap((transport) => FORMS[transport].map((form) => ({ transport, form, ...LIMITS })))

/** @returns a function for random values, which depend on the seed only */
function inTurn<T>(values: fc.Arbitrary<T>): () => T {
  const all = fc.sample(values, { numRuns: 2_000, seed: setup.seed })
  let count = 0
  return () => all[(count += 1) % all.length] as T
}

const isOneIn = (count: number): boolean => random() * count < 1

// The servers.

/** Makes some callbacks fail, or act on their own or another connection. */
function planner(): (at: Moment) => Plan | undefined {
  const verbs = fc.constantFrom<Verb>('write', 'write', 'write', 'closeWrite', 'close', 'reset')
  const next = inTurn(anyPlan({ verbs, who: ['self', 'accepted', 'accepted'], most: 2 }))
  return (at) => (isOneIn(PLAN_EVERY) ? { ...next(), at } : undefined)
}

/** Restarts some servers. The other ones may lose no datagram. */
async function disturb(ms: number, restless: number): Promise<void> {
  const { signal } = over
  const restarts = world.servers.map(async (server, at) => {
    const target = formatAddress(server.address as Address)
    if (at % 2 !== restless) return
    for (;;) {
      await pause(random() * 2 * RESTART_EVERY, signal)
      if (signal.aborted) return
      rotate(server)
      await server.shutDown(SHUTDOWN_TIMEOUT)
      await server.listen(target)
    }
  })
  await pause(ms, signal)
  over.abort()
  await Promise.all(restarts)
}

/** Changes the certificate. The next handshakes show whether it fits. */
function rotate({ server, spec }: WorldServer): void {
  if (spec.transport === 'tls') (server as TcpServer).setSecureContext(setup.certificates[isOneIn(2) ? 0 : 1])
}

const isQuiet = (): boolean =>
  world.servers.every(({ server }) => {
    const stats = server.stats()
    return 'accepted' in stats ? stats.open + stats.handshaking === 0 : stats.sendQueueBytes === 0
  })

// Clients.

async function load(ms: number, restless: number): Promise<void> {
  const end = performance.now() + ms
  for (const [at, place] of world.places.entries()) place.mayStop = at % 2 === restless
  for (let turn = 0; !over.signal.aborted && (turn < LEAST_TURNS || performance.now() < end); turn += 1) {
    for (let open = world.countPeers(); open < CLIENTS; open += 1)
      world.connect(anyPlace(), isOneIn(2) ? 'raw' : 'client')
    world.perform(nextTurn().acts)
    if (isOneIn(MISCHIEF_EVERY)) crowd(anyPlace())
    if (isOneIn(MISCHIEF_EVERY)) world.places.forEach(sendRubbish)
    await pause(BREATH * 2 * random(), over.signal)
  }
}

const anyPlace = (): Place => world.placeOf(Math.floor(random() * world.places.length))

function crowd(place: Place): void {
  for (let count = 0; count < CROWD; count += 1) world.connect(place, 'raw')
}

/** Sends random bytes, which are not valid TLS either. */
function sendRubbish({ spec, address }: Place): void {
  if (!isStream(spec.transport) || address === undefined) return
  const socket = address.family === 'unix' ? connect(address.path) : connect(address.port, address.host)
  socket.on('error', () => {}).resume()
  socket.end(Buffer.alloc(1_000))
  setTimeout(() => socket.destroy(), 100)
}
