import { STREAMS } from '@sock/tools/transports'
import { connectStream, type StreamClient } from '../clients/streams.js'
import { patternAt, PositionCheck } from '../workloads/message.js'
import { byteMetrics, createFailure, measured, sampleBytes } from './scenario.js'
import type { Counts, Load, Scenario } from './scenario.js'

const CHUNK = 64 * 1024
const CONNECTIONS = 4
/** Bytes of a connection that may be under way in an echo: enough to keep both sides busy. */
const WINDOW = 4 * CHUNK

export const bulk: readonly Scenario[] = [
  {
    name: 'oneway',
    about: '4 connections send 64 KiB chunks; the server reads and checks every byte',
    transports: STREAMS,
    workload: 'sink',
    metrics: byteMetrics,
    load: (load) =>
      runBulk(load, (flow, deadline) => sendOneWay(flow.client, () => nextChunk(flow), deadline)),
    sample: sampleBytes,
  },
  {
    name: 'echo',
    about:
      '4 connections send 64 KiB chunks, 256 KiB under way in each; everything comes back and is checked',
    transports: STREAMS,
    metrics: byteMetrics,
    load: (load) => runBulk(load, sendEcho),
    sample: sampleBytes,
  },
]

/** One connection and what it has moved. */
interface Flow {
  readonly client: StreamClient
  readonly check: PositionCheck
  sent: number
  onReturn: () => void
}

/** @param send sends until the deadline, and resolves when everything is where it belongs and the connection is closed */
async function runBulk(load: Load, send: (flow: Flow, deadline: number) => Promise<void>): Promise<Counts> {
  const { fail, failure } = createFailure()
  const flows = await Promise.all(Array.from({ length: CONNECTIONS }, () => openFlow(load, fail)))
  const seconds = await measured(load, failure, (deadline) =>
    Promise.all(flows.map((flow) => send(flow, deadline))),
  )
  const bytes = flows.reduce((total, { sent }) => total + sent, 0)
  return { count: bytes / CHUNK, bytes, seconds, lost: 0 }
}

async function openFlow(load: Load, fail: (error: Error) => void): Promise<Flow> {
  const check = new PositionCheck()
  const onChunk = (chunk: Buffer): void => {
    if (!check.accept(chunk)) fail(new Error(`a client got wrong bytes back after ${check.position}`))
    flow.onReturn()
  }
  const client = await connectStream(load, onChunk, fail)
  const flow: Flow = { client, check, sent: 0, onReturn: () => undefined }
  return flow
}

function nextChunk(flow: Flow): Buffer {
  const chunk = patternAt(flow.sent, CHUNK)
  flow.sent += CHUNK
  return chunk
}

/** Sends until the deadline. The server closes when it has read everything. */
export async function sendOneWay(client: StreamClient, next: () => Buffer, deadline: number): Promise<void> {
  const more = (): void => {
    while (performance.now() < deadline) if (!client.write(next())) return
    client.onDrain = () => undefined
    client.end()
  }
  client.onDrain = more
  more()
  await client.closed
}

async function sendEcho(flow: Flow, deadline: number): Promise<void> {
  const { client, check } = flow
  await new Promise<void>((resolve, reject) => {
    flow.onReturn = () => {
      while (flow.sent - check.position < WINDOW && performance.now() < deadline)
        client.write(nextChunk(flow))
      if (flow.sent === check.position) resolve()
    }
    void client.closed.then(() =>
      reject(new Error(`${flow.sent} bytes were sent, and ${check.position} came back`)),
    )
    flow.onReturn()
  })
  client.end()
  await client.closed
}
