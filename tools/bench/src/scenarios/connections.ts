import { STREAMS, type StreamName } from '@sock/tools/transports'
import type { Memory } from '../server.js'
import { createFailure, measured, rateMetrics, sampleRate } from './scenario.js'
import type { Counts, Load, Observed, Sample, Scenario } from './scenario.js'
import { openCrowd, serveEach, SIZE, visit, type Visitor } from './visitor.js'

const AT_ONCE = 8
/** The accept queue of a listener holds 511. If it is full, a connection fails, or takes a second longer. */
const STORM = 500
const DRAINED = 1000
/** A handshake costs each side a millisecond, so ten thousand for each subject would take minutes. */
const MOST_TLS = 1000
/** After this many connections, their code is loaded and compiled. */
const WARM_UP = 300

/** Scenarios about connections instead of bytes. */
export const connections: readonly Scenario[] = [
  {
    name: 'connect',
    about: '8 at a time: connect, 64 bytes each way, close',
    transports: STREAMS,
    metrics: rateMetrics('connection'),
    load: (load) => runVisits(load, (visitor) => visitor.end()),
    sample: sampleRate,
  },
  {
    name: 'reset',
    about: '8 at a time: connect, 64 bytes each way, and the client resets, as health checks do',
    transports: ['tcp'],
    metrics: rateMetrics('connection'),
    load: (load) => runVisits(load, (visitor) => visitor.reset()),
    sample: sampleRate,
  },
  {
    name: 'storm',
    about: '500 clients connect in the same moment; until each has sent 64 bytes and got them back',
    transports: STREAMS,
    metrics: rateMetrics('connection'),
    isPaced: true,
    load: runStorm,
    sample: sampleRate,
  },
  createIdle(
    'idle',
    STREAMS,
    'memory per connection of 10,000 (tls: 1,000) that are open and idle; then each is served once',
    (load) => Math.min(load.connections, load.transport === 'tls' ? MOST_TLS : Infinity),
    2,
  ),
  createIdle(
    'many',
    ['tcp'],
    '15,000 connections open at once under one server; then each is served once',
    (load) => Math.min(15_000, load.mostConnections),
    1,
  ),
  {
    name: 'drain',
    about:
      'time to shut down in good order with 1,000 open, idle connections (drainIdle 1 ms; raw ends those it has kept track of)',
    transports: STREAMS,
    metrics: [{ name: 'time', unit: 'ms', better: 'less' }],
    isFresh: true,
    isDrained: true,
    isPaced: true,
    mostRounds: 3,
    load: runDrain,
    sample: ({ drainMilliseconds }) => ({ time: drainMilliseconds ?? Number.NaN }),
  },
]

async function runVisits(load: Load, leave: (visitor: Visitor) => Promise<void>): Promise<Counts> {
  const { fail, failure } = createFailure()
  let count = 0
  const visitOn = async (deadline: number): Promise<void> => {
    while (performance.now() < deadline) {
      const visitor = await visit(load, 1, fail)
      await visitor.exchange()
      await leave(visitor)
      count += 1
    }
  }
  const seconds = await measured(load, failure, (deadline) =>
    Promise.all(Array.from({ length: AT_ONCE }, () => visitOn(deadline))),
  )
  return { count, bytes: count * SIZE, seconds, lost: 0 }
}

async function runStorm(load: Load): Promise<Counts> {
  const { fail, failure } = createFailure()
  const visitors: Visitor[] = []
  const seconds = await measured(load, failure, () =>
    Promise.all(
      Array.from({ length: STORM }, async (_, index) => {
        const visitor = await visit(load, index, fail)
        visitors.push(visitor)
        await visitor.exchange()
      }),
    ),
  )
  await Promise.all(visitors.map((visitor) => visitor.end()))
  return { count: STORM, bytes: STORM * SIZE, seconds, lost: 0 }
}

async function runDrain(load: Load): Promise<Counts> {
  const { fail, failure } = createFailure()
  const visitors = await Promise.race([failure, openCrowd(load, DRAINED, fail)])
  const since = performance.now()
  await load.mark('drain')
  await Promise.all(visitors.map(({ closed }) => closed))
  return { count: DRAINED, bytes: 0, seconds: (performance.now() - since) / 1000, lost: 0 }
}

function createIdle(
  name: string,
  transports: readonly StreamName[],
  about: string,
  countOf: (load: Load) => number,
  mostRounds: number,
): Scenario {
  const metrics = ['memory', 'heap', 'rss'].map(
    (metric) => ({ name: metric, unit: 'B/connection', better: 'less' }) as const,
  )
  return {
    name,
    about,
    transports,
    metrics,
    isFresh: true,
    isPaced: true,
    mostRounds,
    load: (load) => runIdle(load, countOf(load)),
    sample: sampleMemory,
  }
}

/** `memory` is RSS without V8's new space, which all connections share. */
function sampleMemory({ counts, before, after }: Observed): Sample {
  const grown = (of: (memory: Memory) => number): number =>
    before === undefined || after === undefined ? Number.NaN : (of(after) - of(before)) / counts.count
  return {
    memory: grown(({ rss, nursery }) => rss - nursery),
    heap: grown(({ heap }) => heap),
    rss: grown(({ rss }) => rss),
  }
}

async function runIdle(load: Load, count: number): Promise<Counts> {
  const { fail, failure } = createFailure()
  const open = (size: number): Promise<readonly Visitor[]> =>
    Promise.race([failure, openCrowd(load, size, fail)])
  // Close by RST, if the transport has one, so that no port stays in TIME_WAIT.
  const close = (visitors: readonly Visitor[]): Promise<unknown> =>
    Promise.all(visitors.map((visitor) => visitor.reset()))
  await close(await open(WARM_UP))
  await load.mark('before')
  const since = performance.now()
  const visitors = await open(count)
  await load.mark('after')
  await Promise.race([failure, serveEach(visitors)])
  const seconds = (performance.now() - since) / 1000
  await close(visitors)
  return { count, bytes: 0, seconds, lost: 0, connections: count }
}
