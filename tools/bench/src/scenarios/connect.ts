import { connectStream } from '../clients/stream.js'
import { STREAM_TRANSPORTS } from '../transports.js'
import { createMessage } from '../workloads/message.js'
import { createFailure } from './failure.js'
import type { Counts, Load, Scenario } from './scenario.js'
import { rateMetrics, sampleRate } from './throughput.js'

const AT_ONCE = 8
const SIZE = 64

export const connect: Scenario = {
  name: 'connect',
  about: '8 at a time: connect, 64 bytes each way, close',
  transports: STREAM_TRANSPORTS,
  workload: 'echo',
  metrics: rateMetrics('connection'),
  load: runConnect,
  sample: sampleRate,
}

async function runConnect(load: Load): Promise<Counts> {
  const message = createMessage(SIZE, 1, true)
  await load.mark('begin')
  const since = performance.now()
  const deadline = since + load.milliseconds
  let count = 0
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (performance.now() < deadline) {
        await echoOnce(load, message)
        count += 1
      }
    }),
  )
  const seconds = (performance.now() - since) / 1000
  await load.mark('end')
  return { count, bytes: count * SIZE, seconds, lost: 0 }
}

async function echoOnce(load: Load, message: Buffer): Promise<void> {
  const { fail, failure } = createFailure()
  let got = 0
  const onChunk = (chunk: Buffer): void => {
    if (message.compare(chunk, 0, chunk.length, got, got + chunk.length) !== 0)
      fail(new Error('a client got back what it had not sent'))
    got += chunk.length
    if (got === message.length) client.end()
  }
  const client = await connectStream(load, onChunk, fail)
  client.write(message)
  await Promise.race([client.closed, failure])
  if (got !== message.length) throw new Error(`a client sent ${message.length} bytes, and ${got} came back`)
}
