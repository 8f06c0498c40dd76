import { openSync } from 'node:fs'
import { connect } from 'node:net'
import { devNull } from 'node:os'
import { join } from 'node:path'
import { setMaxListeners } from 'node:events'
import { formatAddress } from '@sock/core'
import type { Certificate } from '@sock/tools/certificate'
import { serveParent } from '@sock/tools/children'
import { isStream, type TransportName } from '@sock/tools/transports'
import fc from 'fast-check'
import { anyPlan, anyTurn, type Plan, type Turn, type Verb } from '../world/acts.js'
import type { DatagramAccount } from '../world/datagrams.js'
import { isEcho } from '../world/handlers.js'
import { numberEndsFrom } from '../world/ledger.js'
import { Means } from '../world/means.js'
import { pause, until } from '../world/pace.js'
import { Pledges } from '../world/pledges.js'
import type { WorldServer } from '../world/server.js'
import { World } from '../world/world.js'
import { ROLES, specsOf, takeSample, type Placed, type Setup, type SoakChild } from './setup.js'

/* One process of a soak: the servers, or clients of theirs. */

/** In ms: how long a shutdown waits for connections that are busy. */
const SHUTDOWN_TIMEOUT = 700
/** In ms, of a round: how often a server is started again, and certificates change. */
const RESTART_EVERY = 6_000
/** In ms: nothing that ends by itself takes longer, even when the other process stands still. */
const PATIENCE = 60_000
/** In ms, between two things that clients do. */
const BREATH = 5
/** Clients that are open at once. */
const CLIENTS = { polite: 60, rude: 40 } as const
/** Of a round. */
const LEAST_TURNS = 60
const DATAGRAM_CLIENTS = 12
/** More than a server lets in. */
const CROWD = 170
/** One in so many callbacks does something to other connections. */
const PLAN_EVERY = 150
/** One in so many turns of rude clients a crowd connects, or clients that send rubbish. */
const MISCHIEF_EVERY = 60
/** Random things that are done in turn, over and over. */
const CHOICES = 500

const GENTLE: readonly Verb[] = ['write', 'write', 'write', 'send', 'send', 'stall', 'resume', 'closeWrite']
const RUDE: readonly Verb[] = [...GENTLE, 'close', 'closeRead', 'destroy', 'reset', 'connect and abort']

const faults: string[] = []
const kept: number[][] = []
let world: World
let setup: Setup
let random: () => number
let act: (ms: number) => Promise<void>
let placed: readonly Placed[]
/** What clients knew of datagrams before they were closed. */
let told: DatagramAccount[] = []
let over = new AbortController()

for (const event of ['uncaughtException', 'unhandledRejection'] as const)
  process.on(event, (error: Error) => faults.push(`${event}: ${error.stack}`))
// Handlers and observers fail on purpose.
process.removeAllListeners('warning')
process.on('warning', () => {})

serveParent({
  async begin(given, known) {
    setup = given
    const { role, seed, certificates, engine, folder } = setup
    numberEndsFrom(2 ** 29 * (1 + ROLES.indexOf(role)))
    random = createRandom(seed)
    let count = 0
    const means = new Means(engine, certificates, () => join(folder, `${(count += 1)}`))
    world = new World(means, new Pledges(({ message }) => faults.push(message)), planner())
    if (role === 'server') return (placed = await startServers())
    for (const { spec, address } of known) world.addPlace(spec, address)
    placed = known
    act = clients(role)
    return []
  },
  async round(ms) {
    over = new AbortController()
    setMaxListeners(0, over.signal)
    world.isEnding = false
    await (setup.role === 'server' ? disturb(ms) : act(ms))
  },
  hurry: () => over.abort(),
  leave: async () => (setup.role === 'server' ? world.serveOut() : leave()),
  async report() {
    await until(isQuiet, PATIENCE, 'busy after the last client left').catch(note)
    await world.settle(PATIENCE).catch(note)
    const stopped = setup.role === 'server' ? world.stoppedPlaces : []
    const known = world.datagramAccounts(true)
    const datagrams = setup.role === 'server' ? known.filter(isTold) : told
    const accounts = world.collect().map((account, at) => {
      if (setup.broken === 'heap') kept.push(Array.from({ length: 5_000 }, Math.random))
      if (setup.broken === 'descriptors' && at === 0) openSync(devNull, 'r')
      const isWrong = setup.broken === 'byte' && account.length > 0 && at % 20 === 0
      return isWrong ? { ...account, length: account.length - 1 } : account
    })
    return { accounts, datagrams, stopped, faults: faults.splice(0), sample: takeSample() }
  },
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
} satisfies SoakChild)

/** Whether the server tells of a client: one that it conceals on purpose must be missed. */
const isTold = ({ mayLose }: DatagramAccount): boolean => setup.broken !== 'datagram' || mayLose

const note = (error: Error): void => void faults.push(error.message)

/** @returns numbers from 0 to 1 that the seed repeats */
function createRandom(seed: number): () => number {
  const numbers = fc.sample(fc.noBias(fc.nat({ max: 2 ** 30 })), { numRuns: 10_000, seed })
  let count = 0
  return () => (numbers[(count += 1) % numbers.length] ?? 0) / (2 ** 30 + 1)
}

const isOneIn = (count: number): boolean => random() * count < 1

// The servers.

/** Now and then a callback does something, to its own connection or to another one, or fails. */
function planner(): (moment: Plan['at']) => Plan | undefined {
  const verbs = fc.constantFrom<Verb>('write', 'write', 'write', 'closeWrite', 'close', 'reset')
  const plans = fc.sample(anyPlan({ verbs, who: ['self', 'accepted', 'accepted'], most: 2 }), {
    numRuns: CHOICES,
    seed: setup.seed,
  })
  let count = 0
  return (moment) => {
    if (setup.role !== 'server' || !isOneIn(PLAN_EVERY)) return undefined
    const plan = plans[(count += 1) % CHOICES]
    return plan === undefined ? undefined : { ...plan, at: moment }
  }
}

async function startServers(): Promise<Placed[]> {
  const timesSeen = setup.broken === 'order' ? 2 : 1
  return Promise.all(
    specsOf(setup.only).map(async (spec) => {
      const made = world.createServer(spec, timesSeen)
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
    // Where nothing is started again, no datagram may be lost.
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

/** Changes the certificate, and offers one with a key that does not fit: the next handshakes show which is in use. */
function rotate({ server, spec }: WorldServer): void {
  if (spec.transport !== 'tls' || !('setSecureContext' in server)) return
  const { setSecureContext } = server as { setSecureContext: (options: Certificate) => void }
  const [one, other] = random() < 0.5 ? setup.certificates : setup.certificates.toReversed()
  if (one === undefined || other === undefined) return
  setSecureContext.call(server, one)
  try {
    setSecureContext.call(server, { cert: one.cert, key: other.key })
    faults.push('tls: a certificate was taken with a key that does not fit')
  } catch {
    // As it should be.
  }
}

const isQuiet = (): boolean =>
  world.servers.every(({ server }) => {
    const stats = server.stats()
    return 'accepted' in stats ? stats.open + stats.handshaking === 0 : stats.sendQueueBytes === 0
  })

// Clients.

const isDatagram = (transport: TransportName): boolean => !isStream(transport)

function clients(role: 'polite' | 'rude'): (ms: number) => Promise<void> {
  const verbs = fc.constantFrom(...(role === 'rude' ? RUDE : GENTLE))
  const who = role === 'rude' ? (['peer', 'peer', 'peer', 'many peers'] as const) : (['peer'] as const)
  const turns = fc.sample(anyTurn({ verbs, who, most: 8 }), { numRuns: CHOICES, seed: setup.seed })
  let count = 0
  return async (ms) => {
    const end = performance.now() + ms
    for (let each = 0; each < DATAGRAM_CLIENTS; each += 1) connectTo(isDatagram, 'client')
    // A busy machine has fewer turns in its time.
    for (let turn = 0; !over.signal.aborted && (turn < LEAST_TURNS || performance.now() < end); turn += 1) {
      for (let open = world.countPeers(); open < CLIENTS[role]; open += 1)
        connectTo(isStream, role === 'rude' || random() < 0.2 ? 'raw' : 'client')
      world.perform((turns[(count += 1) % CHOICES] as Turn).acts)
      if (role === 'rude' && isOneIn(MISCHIEF_EVERY)) connectTo(isStream, 'raw', CROWD)
      if (role === 'rude' && isOneIn(MISCHIEF_EVERY)) placed.forEach(sendRubbish)
      await pause(BREATH * 2 * random(), over.signal)
    }
  }
}

/** Connects to a server of this kind, if there is any, so many times. */
function connectTo(kind: (transport: TransportName) => boolean, client: 'raw' | 'client', times = 1): void {
  const places = [...placed.keys()].filter((at) => kind((placed[at] as Placed).spec.transport))
  const which = places[Math.floor(random() * places.length)]
  if (which === undefined) return
  for (let count = 0; count < times; count += 1) world.connect(which, client)
}

/** A client whose bytes mean nothing, to TLS neither. */
function sendRubbish({ spec, address }: Placed): void {
  if (isDatagram(spec.transport)) return
  const socket = address.family === 'unix' ? connect(address.path) : connect(address.port, address.host)
  socket.on('error', () => {}).resume()
  socket.end(Buffer.alloc(1_000))
  setTimeout(() => socket.destroy(), 100)
}

async function leave(): Promise<void> {
  await world.leave(PATIENCE).catch(note)
  // An answer that is not there after that will never come, and is missing.
  await until(() => !world.isWaiting, 3_000, 'an answer').catch(() => {})
  told = world.datagramAccounts(false)
  world.closeDatagrams()
}
