import { setMaxListeners } from 'node:events'
import { openSync } from 'node:fs'
import { connect } from 'node:net'
import { devNull } from 'node:os'
import { join } from 'node:path'
import { formatAddress } from '@sock/core'
import { serveParent } from '@sock/tools/children'
import type { TcpServer } from '@sock/tcp'
import { isStream } from '@sock/tools/transports'
import fc from 'fast-check'
import { anyPlan, anyTurn, type Moment, type Plan, type Verb } from '../world/acts.js'
import { isEcho } from '../world/handlers.js'
import { numberEndsFrom } from '../world/ledger.js'
import { Means } from '../world/means.js'
import { pause, until } from '../world/pace.js'
import { Pledges } from '../world/pledges.js'
import type { WorldServer } from '../world/server.js'
import { World } from '../world/world.js'
import { ROLES, specsOf, takeSample, type Placed, type Report, type Role, type Setup } from './setup.js'

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
/** The number of concurrent clients. */
const CLIENTS = { polite: 60, rude: 40 } as const
/** The minimum of turns in a round. */
const LEAST_TURNS = 60
const DATAGRAM_CLIENTS = 12
/** More clients than a server admits. */
const CROWD = 170
/** One in this many callbacks acts on other connections. */
const PLAN_EVERY = 150
/** In one of this many turns of rude clients, a crowd connects, or clients that send garbage. */
const MISCHIEF_EVERY = 60

const GENTLE: readonly Verb[] = ['write', 'write', 'write', 'send', 'send', 'stall', 'resume', 'closeWrite']
const RUDE: readonly Verb[] = [...GENTLE, 'close', 'closeRead', 'destroy', 'reset', 'connect and abort']

const faults: string[] = []
const kept: number[][] = []
let setup: Setup
let world: World
let random: () => number
/** The action of this process in a round. */
let act: (ms: number) => Promise<void>
let placed: readonly Placed[]
let over = new AbortController()

for (const event of ['uncaughtException', 'unhandledRejection'] as const)
  process.on(event, (error: Error) => faults.push(`${event}: ${error.stack}`))
// Handlers and observers fail intentionally.
process.removeAllListeners('warning')
process.on('warning', () => {})

const functions = {
  /** @param known the addresses of the servers, which the server process returns */
  async begin(given: Setup, known: readonly Placed[]): Promise<readonly Placed[]> {
    setup = given
    const { role, certificates, engine, folder } = setup
    numberEndsFrom(2 ** 29 * (1 + ROLES.indexOf(role)))
    random = inTurn(fc.noBias(fc.nat({ max: 2 ** 30 })).map((one) => one / (2 ** 30 + 1)))
    let count = 0
    const means = new Means(engine, certificates, () => join(folder, `${(count += 1)}`))
    const pledges = new Pledges(({ message }) => faults.push(message))
    world = new World(means, pledges, role === 'server' ? planner() : () => undefined)
    for (const { spec, address } of known) world.addPlace(spec, address)
    act = role === 'server' ? disturb : clients(role)
    placed = role === 'server' ? await startServers() : known
    return placed
  },
  /** Runs load and faults for this many ms. */
  async round(ms: number) {
    over = new AbortController()
    setMaxListeners(0, over.signal)
    world.isEnding = false
    await act(ms)
  },
  /** Ends the round early. */
  hurry: () => over.abort(),
  /** Servers end their connections when clients do; clients disconnect. */
  async leave() {
    if (setup.role === 'server') return world.serveOut()
    await world.leave(PATIENCE).catch(note)
    const isWaiting = (): boolean => world.datagrams.some((one) => one.isWaiting)
    await until(
      () => !isWaiting(),
      ANSWER,
      () => 'an answer',
    ).catch(() => {})
    for (const one of world.datagrams) one.closeAll()
  },
  /** Waits until no operation is pending, and reports. */
  async report(): Promise<Report> {
    await until(isQuiet, PATIENCE, () => 'busy after the last client left').catch(note)
    await world.settle(PATIENCE).catch(note)
    const { broken, role } = setup
    const accounts = world.collect().map((account, at) => {
      const isWrong = broken === 'byte' && account.length > 0 && at % 20 === 0
      return isWrong ? { ...account, length: account.length - 1 } : account
    })
    if (broken === 'heap') for (const _ of accounts) kept.push(Array.from({ length: 5_000 }, Math.random))
    if (broken === 'descriptors') openSync(devNull, 'r')
    const datagrams = world.datagramAccounts(true)
    if (broken === 'datagram' && role === 'server')
      for (const { requests } of datagrams) requests.arrived -= 1
    return { accounts, datagrams, faults: faults.splice(0), sample: takeSample() }
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
    return { problems, done, sample: takeSample() }
  },
}
export type SoakChild = typeof functions
serveParent(functions)

const note = (error: Error): void => void faults.push(error.message)

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

function startServers(): Promise<Placed[]> {
  return Promise.all(
    specsOf(setup.only).map(async (spec) => {
      const made = world.createServer(spec)
      const { server, observer } = made
      // It processes each event a second time.
      if (setup.broken === 'order')
        server.on('connection', (event) => world.pledges.guard(() => observer.watcher.heard(event)))
      await made.listen()
      if (made.address === undefined) throw new Error(`No address: ${faults.join('; ')}`)
      return { spec, address: made.address }
    }),
  )
}

async function disturb(ms: number): Promise<void> {
  const { signal } = over
  const end = performance.now() + ms
  const isRestless = random() < 0.5 ? [true, false] : [false, true]
  const restarts = world.servers.map(async (server, at) => {
    // Without restarts, no datagram may be lost.
    while (isRestless[at % 2]) {
      await pause(random() * 2 * RESTART_EVERY, signal)
      if (signal.aborted || performance.now() > end) return
      rotate(server)
      await server.shutDown(SHUTDOWN_TIMEOUT)
      await server.listen(formatAddress((placed[at] as Placed).address))
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

function clients(role: Exclude<Role, 'server'>): (ms: number) => Promise<void> {
  const isRude = role === 'rude'
  const who = isRude ? (['peer', 'peer', 'peer', 'many peers'] as const) : (['peer'] as const)
  const next = inTurn(anyTurn({ verbs: fc.constantFrom(...(isRude ? RUDE : GENTLE)), who, most: 8 }))
  return async (ms) => {
    const end = performance.now() + ms
    for (let each = 0; each < DATAGRAM_CLIENTS; each += 1) connectTo('datagrams', 'client')
    // A busy machine has fewer turns in the same time.
    for (let turn = 0; !over.signal.aborted && (turn < LEAST_TURNS || performance.now() < end); turn += 1) {
      for (let open = world.countPeers(); open < CLIENTS[role]; open += 1)
        connectTo('streams', isRude || random() < 0.2 ? 'raw' : 'client')
      world.perform(next().acts)
      if (isRude && isOneIn(MISCHIEF_EVERY)) connectTo('streams', 'raw', CROWD)
      if (isRude && isOneIn(MISCHIEF_EVERY)) placed.forEach(sendRubbish)
      await pause(BREATH * 2 * random(), over.signal)
    }
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
function sendRubbish({ spec, address }: Placed): void {
  if (!isStream(spec.transport)) return
  const socket = address.family === 'unix' ? connect(address.path) : connect(address.port, address.host)
  socket.on('error', () => {}).resume()
  socket.end(Buffer.alloc(1_000))
  setTimeout(() => socket.destroy(), 100)
}
