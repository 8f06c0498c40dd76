import { STREAM_TRANSPORTS } from '../transports.js'
import { createCrowd } from './crowd.js'
import type { Counts, Load, Scenario } from './scenario.js'

const CONNECTIONS = 1000

export const drain: Scenario = {
  name: 'drain',
  about:
    'time to shut down in good order with 1,000 open, idle connections (drainIdle 1 ms; raw ends those it has kept track of)',
  transports: STREAM_TRANSPORTS,
  workload: 'echo',
  metrics: [{ name: 'time', unit: 'ms', better: 'less' }],
  isFresh: true,
  isDrained: true,
  isPaced: true,
  mostRounds: 3,
  load: runDrain,
  sample: ({ drainMilliseconds }) => ({ time: drainMilliseconds ?? Number.NaN }),
}

async function runDrain(load: Load): Promise<Counts> {
  const crowd = createCrowd(load)
  await crowd.open(CONNECTIONS)
  const since = performance.now()
  await load.mark('drain')
  await crowd.closed()
  return { count: CONNECTIONS, bytes: 0, seconds: (performance.now() - since) / 1000, lost: 0 }
}
