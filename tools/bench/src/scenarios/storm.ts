import { STREAM_TRANSPORTS } from '../transports.js'
import { createMessage } from '../workloads/message.js'
import { connectStream } from '../clients/stream.js'
import { createFailure } from './failure.js'
import type { Counts, Load, Scenario } from './scenario.js'
import { rateMetrics, sampleRate } from './throughput.js'

/** As many as the queue of a listener holds (511): a connection that finds it full fails, or comes a second later. */
const CONNECTIONS = 500
const SIZE = 64

export const storm: Scenario = {
  name: 'storm',
  about: '500 clients connect in the same moment; until each has sent 64 bytes and got them back',
  transports: STREAM_TRANSPORTS,
  workload: 'echo',
  metrics: rateMetrics('connection'),
  isPaced: true,
  load: runStorm,
  sample: sampleRate,
}

async function runStorm(load: Load): Promise<Counts> {
  const { fail, failure } = createFailure()
  await load.mark('begin')
  const since = performance.now()
  const served = Array.from({ length: CONNECTIONS }, (_, index) => connectAndEcho(load, index, fail))
  const clients = await Promise.race([failure, Promise.all(served)])
  const seconds = (performance.now() - since) / 1000
  await load.mark('end')
  await Promise.all(clients.map((close) => close()))
  return { count: CONNECTIONS, bytes: CONNECTIONS * SIZE, seconds, lost: 0 }
}

/** @returns what closes the connection */
async function connectAndEcho(
  load: Load,
  index: number,
  fail: (error: Error) => void,
): Promise<() => Promise<void>> {
  const message = createMessage(SIZE, index, true)
  let got = 0
  let done: () => void = () => undefined
  const onChunk = (chunk: Buffer): void => {
    if (message.compare(chunk, 0, chunk.length, got, got + chunk.length) !== 0)
      fail(new Error('a client got back what it had not sent'))
    got += chunk.length
    if (got === SIZE) done()
  }
  const client = await connectStream(load, onChunk, fail)
  await new Promise<void>((resolve) => {
    done = resolve
    client.write(message)
  })
  return async () => {
    client.end()
    await client.closed
  }
}
