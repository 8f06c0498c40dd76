import { TRANSPORTS } from '@sock/tools/transports'
import { connectEndpoint } from '../clients/endpoint.js'
import { percentile } from '../statistics.js'
import { createMessage, isIntact, sequenceOf, setSequence } from '../workloads/message.js'
import { createFailure, measured, patienceOf, type Counts, type Load, type Scenario } from './scenario.js'

const CLIENTS = 8
const SIZE = 64
const MICROSECONDS = 1000
const SHARES = { p50: 0.5, p99: 0.99, 'p99.9': 0.999 }

export const latency: Scenario = {
  name: 'latency',
  about:
    '8 clients send 64 bytes at a fixed pace, whether answered or not; from when each was due to its answer',
  transports: TRANSPORTS,
  metrics: Object.keys(SHARES).map((name) => ({ name, unit: 'µs', better: 'less' })),
  isPaced: true,
  load: runLatency,
  sample({ counts: { latencies = new Float64Array() } }) {
    const entries = Object.entries(SHARES)
    return Object.fromEntries(
      entries.map(([name, share]) => [name, percentile(latencies, share) * MICROSECONDS]),
    )
  },
}

/** Time counts from when a message was due, so a server that stalls is asked as often as the others. */
async function runLatency(load: Load): Promise<Counts> {
  const { fail, failure } = createFailure()
  const endpoints = await Promise.all(
    Array.from({ length: CLIENTS }, (_, index) => connectEndpoint(load, index, SIZE, fail)),
  )
  const total = Math.max(1, Math.round((load.pace * load.milliseconds) / 1000))
  const interval = 1000 / load.pace
  const latencies: number[] = []
  const isAnswered = new Uint8Array(total)
  const seconds = await measured(load, failure, async () => {
    const since = performance.now()
    for (const endpoint of endpoints) {
      endpoint.onMessage = (message) => {
        const sequence = sequenceOf(message)
        if (!isIntact(message) || sequence >= total || isAnswered[sequence] === 1)
          return fail(new Error(`a client got a wrong answer after ${latencies.length} right ones`))
        isAnswered[sequence] = 1
        latencies.push(performance.now() - since - sequence * interval)
      }
    }
    let sent = 0
    await waitUntil(
      () => {
        const due = Math.min(total, Math.floor((performance.now() - since) / interval) + 1)
        for (; sent < due; sent++)
          endpoints[sent % CLIENTS]?.send(setSequence(createMessage(SIZE, sent % CLIENTS), sent))
        return sent === total
      },
      load.milliseconds + patienceOf(load),
    )
    await waitUntil(() => latencies.length === total, patienceOf(load))
  })
  await Promise.all(endpoints.map((endpoint) => endpoint.close()))
  return {
    count: latencies.length,
    bytes: latencies.length * SIZE,
    seconds,
    lost: total - latencies.length,
    latencies: Float64Array.from(latencies).toSorted(),
  }
}

/** Checks in every turn of the event loop. A timer may be a millisecond late, which is more than the measured time. */
function waitUntil(isDone: () => boolean, milliseconds: number): Promise<void> {
  const deadline = performance.now() + milliseconds
  return new Promise((resolve) => {
    const look = (): void => {
      if (isDone() || performance.now() > deadline) resolve()
      else setImmediate(look)
    }
    look()
  })
}
