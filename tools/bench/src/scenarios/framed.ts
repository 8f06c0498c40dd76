import { connectStream } from '../clients/streams.js'
import { FRAME_BYTES, LINE_BYTES, PREFIX_BYTES, roundOf, type Framing } from '../workloads/framed.js'
import { sendOneWay } from './bulk.js'
import { createFailure, measured, rateMetrics } from './scenario.js'
import type { Counts, Load, Observed, Sample, Scenario } from './scenario.js'

const CONNECTIONS = 4

/** Messages in a stream. These rows have their own subjects, which frame the stream. */
export const framed: readonly Scenario[] = [
  createScenario('lines-64', 'lines', `lines of ${LINE_BYTES} bytes`),
  createScenario(
    'frames-1400',
    'frames',
    `frames of ${FRAME_BYTES.toLocaleString('en-US')} bytes, each with its length in ${PREFIX_BYTES}`,
  ),
]

function createScenario(name: string, framing: Framing, what: string): Scenario {
  return {
    name,
    about: `${CONNECTIONS} connections send ${what}; the server cuts the stream, and checks each message`,
    transports: ['tcp'],
    workload: framing,
    metrics: rateMetrics('message'),
    load: (load) => sendRounds(load, framing),
    sample: (observed) => sampleMessages(observed),
  }
}

async function sendRounds(load: Load, framing: Framing): Promise<Counts> {
  const round = roundOf(framing)
  const { fail, failure } = createFailure()
  let count = 0
  const next = (): Buffer => {
    count += 1
    return round
  }
  const clients = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => connectStream(load, () => undefined, fail)),
  )
  const seconds = await measured(load, failure, (deadline) =>
    Promise.all(clients.map((client) => sendOneWay(client, next, deadline))),
  )
  return { count, bytes: count * round.length, seconds, lost: 0 }
}

const sampleMessages = ({ counts, cpuSeconds, report }: Observed): Sample => ({
  rate: report.messages / counts.seconds,
  cpu: (cpuSeconds * 1e6) / report.messages,
})
