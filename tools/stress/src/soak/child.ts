import { setMaxListeners } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { formatAddress, type Address } from '@sock/core'
import { serveParent } from '@sock/tools/children'
import type { TcpServer } from '@sock/tcp'
import { isStream } from '@sock/tools/transports'
import fc from 'fast-check'
import { anyPlan, anyTurn, type Moment, type Plan, type Turn, type Verb } from '../world/acts.js'
import { isEcho } from '../world/handlers.js'
import { numberEndsFrom } from '../world/ledger.js'
import { Means } from '../world/means.js'
import { pause, until } from '../world/pace.js'
import { catchStray, Pledges } from '../world/pledges.js'
import type { Place, WorldServer } from '../world/server.js'
import { World } from '../world/world.js'
import { ROLES, specsOf, takeSample, type Placed, type Setup } from './setup.js'

/* A child process of the soak: the servers, or clients. */

/** How long a shutdown waits for busy connections, in ms. */
const SHUTDOWN_TIMEOUT = 700
/** The time between two restarts of a server, and two changes of certificates, in ms of a round. */
const RESTART_EVERY = 6_000
/** In ms. Everything that ends on its own ends sooner, even while the other process is stopped. */
const PATIENCE = 60_000
/** An answer that takes longer than this, in ms, is lost. */
const ANSWER = 3_000
/** The time between two actions of clients, in ms. */
const BREATH = 5
/** The minimum of turns in a round: a busy machine has fewer turns in the same time. */
const LEAST_TURNS = 60
/** The number of concurrent clients. */
const CLIENTS = 100
const DATAGRAM_CLIENTS = 12
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
  /** @param known the servers of the other process, which it returns */
  async begin(given: Setup, known: readonly Placed[]): Promise<readonly Placed[]> {
    setup = given
    const { role, certificates, engine, folder, only } = setup
    numberEndsFrom(2 ** 29 * (1 + ROLES.indexOf(role)))
    random = inTurn(fc.noBias(fc.nat({ max: 2 ** 30 })).map((one) => one / (2 ** 30 + 1)))
    const turns = (...verbs: Verb[]): fc.Arbitrary<Turn> =>
      anyTurn({ verbs: fc.constantFrom(...verbs), who: ['peer', 'peer', 'peer', 'many peers'], most: 8 })
    const rude = turns('close', 'closeRead', 'destroy', 'reset', 'connect and abort')
    const gentle = turns('write', 'write', 'write', 'send', 'send', 'stall', 'resume', 'closeWrite')
    nextTurn = inTurn(fc.oneof({ weight: 20, arbitrary: gentle }, { weight: 1, arbitrary: rude }))
    let count = 0
    const means = new Means(engine, certificates, () => join(folder, `${(count += 1)}`))
    world = new World(means, new Pledges(note), role === 'servers' ? planner() : () => undefined)
    for (const { spec, address } of known) world.addPlace(spec, address)
    if (role === 'servers') await Promise.all(specsOf(only).map((spec) => world.createServer(spec).listen()))
    return world.places.map(({ spec, address }) => {
      if (address === undefined) throw new Error(`No address: ${faults.join('; ')}`)
      return { spec, address }
    })
  },
  /** Runs load and faults for this many ms. */
  async round(ms: number) {
    over = new AbortController()
    setMaxListeners(0, over.signal)
    world.isEnding = false
    await (setup.role === 'servers' ? disturb(ms) : load(ms))
  },
  /** Ends the round early. */
  hurry: () => over.abort(),
  /** From here on, servers end their connections when clients do. */
  serveOut: () => world.serveOut(),
  /** Waits until no operation is pending, and reports. Clients disconnect before. */
  async report() {
    if (setup.role === 'clients') await leave()
    await until(isQuiet, PATIENCE, 'busy after the last client left').catch(note)
    await world.settle(PATIENCE).catch(note)
    const datagrams = world.datagramAccounts()
    const accounts = world.collect()
    return { accounts, datagrams, faults: faults.splice(0), sample: await takeSample() }
  },
  /** Shuts the servers down for the last time. @returns the contradictions by server, and counts of what happened */
  async finish() {
    await Promise.all(world.servers.map((server) => server.shutDown(SHUTDOWN_TIMEOUT)))
    const problems = world.servers.flatMap(({ spec, observer }) =>
      observer
        .problems({ failures: !isEcho(spec.form), members: true })
        .map((problem) => `${spec.transport}, ${spec.form}: ${problem}`),
    )
    const done = world.servers.map(
      ({ spec, observer: { watcher, shutdowns, datagrams } }) =>
        `${spec.transport} ${watcher.seen + datagrams.handled} served, ${shutdowns.count} shutdowns`,
    )
    return { problems, done, sample: await takeSample() }
  },
}
export type SoakChild = typeof functions
export type Report = Awaited<ReturnType<SoakChild['report']>>
serveParent(functions)

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

async function disturb(ms: number): Promise<void> {
  const { signal } = over
  const end = performance.now() + ms
  const first = random() < 0.5 ? 0 : 1
  // The others are not restarted, so that no datagram may be lost.
  const restless = world.servers.filter((_, at) => at % 2 === first)
  const restarts = restless.map(async (server) => {
    const target = formatAddress(server.address as Address)
    for (;;) {
      await pause(random() * 2 * RESTART_EVERY, signal)
      if (signal.aborted || performance.now() > end) return
      rotate(server)
      await server.shutDown(SHUTDOWN_TIMEOUT)
      await server.listen(target)
    }
  })
  await pause(ms, signal)
  over.abort()
  await Promise.all(restarts)
}

/** Changes the certificate, and then tries one whose key does not match. The next handshakes show which one is in use. */
function rotate({ server, spec }: WorldServer): void {
  if (spec.transport !== 'tls') return
  const { certificates } = setup
  const [one, other] = random() < 0.5 ? certificates : ([certificates[1], certificates[0]] as const)
  const tls = server as TcpServer
  tls.setSecureContext(one)
  try {
    tls.setSecureContext({ cert: one.cert, key: other.key })
    faults.push('tls: a certificate was taken with a key that does not fit')
  } catch {
    // This is the expected error.
  }
}

const isQuiet = (): boolean =>
  world.servers.every(({ server }) => {
    const stats = server.stats()
    return 'accepted' in stats ? stats.open + stats.handshaking === 0 : stats.sendQueueBytes === 0
  })

// Clients.

async function load(ms: number): Promise<void> {
  const end = performance.now() + ms
  for (let each = 0; each < DATAGRAM_CLIENTS; each += 1) connectTo('datagrams', 'client')
  for (let turn = 0; !over.signal.aborted && (turn < LEAST_TURNS || performance.now() < end); turn += 1) {
    for (let open = world.countPeers(); open < CLIENTS; open += 1)
      connectTo('streams', isOneIn(2) ? 'raw' : 'client')
    world.perform(nextTurn().acts)
    if (isOneIn(MISCHIEF_EVERY)) connectTo('streams', 'raw', CROWD)
    if (isOneIn(MISCHIEF_EVERY)) world.places.forEach(sendRubbish)
    await pause(BREATH * 2 * random(), over.signal)
  }
}

/** Connects this many times to a server of this kind, if there is one. */
function connectTo(kind: 'streams' | 'datagrams', client: 'raw' | 'client', times = 1): void {
  const places = world.places.filter(({ spec }) => isStream(spec.transport) === (kind === 'streams'))
  const place = places[Math.floor(random() * places.length)]
  if (place === undefined) return
  for (let count = 0; count < times; count += 1) world.connect(place, client)
}

/** Sends random bytes, which are not valid TLS either. */
function sendRubbish({ spec, address }: Place): void {
  if (!isStream(spec.transport) || address === undefined) return
  const socket = address.family === 'unix' ? connect(address.path) : connect(address.port, address.host)
  socket.on('error', () => {}).resume()
  socket.end(Buffer.alloc(1_000))
  setTimeout(() => socket.destroy(), 100)
}

async function leave(): Promise<void> {
  await world.leave(PATIENCE).catch(note)
  const isAnswered = (): boolean => [...world.datagrams.values()].every((one) => !one.isWaiting)
  await until(isAnswered, ANSWER, 'an answer').catch(() => {})
  for (const one of world.datagrams.values()) one.closeAll()
}
