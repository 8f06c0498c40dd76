import type { StreamTransport } from '../transports.js'
import { createCrowd } from './crowd.js'
import type { Memory } from '../server.js'
import type { Counts, Load, Observed, Sample, Scenario } from './scenario.js'

/** A handshake takes a millisecond of both sides: ten thousand of them for each subject would take minutes. */
const MOST_TLS = 1000
/** The code that connections need is loaded and compiled by then. */
const WARM_UP = 300

export const idle: Scenario = createIdle(
  'idle',
  ['tcp', 'tls', 'unix'],
  'memory per connection of 10,000 (tls: 1,000) that are open and idle; then each is served once',
  (load) => Math.min(load.connections, load.transport === 'tls' ? MOST_TLS : Infinity),
  2,
)

/** What the original's documentation and its users speak of. */
export const many: Scenario = createIdle(
  'many',
  ['tcp'],
  '15,000 connections open at once under one server; then each is served once',
  (load) => Math.min(15_000, load.mostConnections),
  1,
)

function createIdle(
  name: string,
  transports: readonly StreamTransport[],
  about: string,
  countOf: (load: Load) => number,
  mostRounds: number,
): Scenario {
  return {
    name,
    about,
    transports,
    workload: 'echo',
    metrics: [
      { name: 'memory', unit: 'B/connection', better: 'less' },
      { name: 'heap', unit: 'B/connection', better: 'less' },
      { name: 'rss', unit: 'B/connection', better: 'less' },
    ],
    isFresh: true,
    isPaced: true,
    mostRounds,
    load: (load) => runIdle(load, countOf(load)),
    sample,
  }
}

/** `memory` is RSS without the nursery, which all connections that ever were share. */
function sample({ counts, before, after }: Observed): Sample {
  const grown = (of: (memory: Memory) => number): number =>
    before === undefined || after === undefined ? Number.NaN : (of(after) - of(before)) / counts.count
  return {
    memory: grown(({ rss, nursery }) => rss - nursery),
    heap: grown(({ heap }) => heap),
    rss: grown(({ rss }) => rss),
  }
}

async function runIdle(load: Load, count: number): Promise<Counts> {
  const warmUp = createCrowd(load)
  await warmUp.open(WARM_UP)
  await warmUp.close()
  await load.mark('before')
  const crowd = createCrowd(load)
  const since = performance.now()
  await load.mark('begin')
  await crowd.open(count)
  await load.mark('end')
  await load.mark('after')
  await crowd.serveEach()
  const seconds = (performance.now() - since) / 1000
  await crowd.close()
  return { count, bytes: 0, seconds, lost: 0, connections: count }
}
