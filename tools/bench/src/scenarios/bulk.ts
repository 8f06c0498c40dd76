import { connectStream, type StreamClient } from '../clients/streams.js'
import { patternAt, PositionCheck } from '../message.js'
import { roundOf, type Framing } from '../workload.js'
import { measured, together, type Counts, type Load } from './load.js'

const CHUNK = 64 * 1024
const CONNECTIONS = 4
/** Bytes of a connection that may be under way in an echo: enough to keep both sides busy. */
const WINDOW = 4 * CHUNK

/** One connection, and what it has moved. */
interface Flow {
  readonly client: StreamClient
  readonly back: PositionCheck
  sent: number
  onReturn: () => void
}

const chunkAt = (position: number): Buffer => patternAt(position, CHUNK)

/** Fills streams until the deadline. The server closes when it has read everything. @param next what follows so many bytes */
const fill = (next: (position: number) => Buffer) => (load: Load) =>
  runBulk(load, async (flow, deadline) => {
    const { client } = flow
    const more = (): void => {
      while (performance.now() < deadline) {
        const data = next(flow.sent)
        flow.sent += data.length
        if (!client.write(data)) return
      }
      client.onDrain = () => undefined
      client.end()
    }
    client.onDrain = more
    more()
    await client.closed
  })

export const sendChunks = fill(chunkAt)

/** Sends the messages of a round again and again. */
export function sendRounds(framing: Framing): (load: Load) => Promise<Counts> {
  const round = roundOf(framing)
  return fill(() => round)
}

export const echo = (load: Load): Promise<Counts> =>
  runBulk(load, async (flow, deadline) => {
    const { client, back } = flow
    await new Promise<void>((resolve, reject) => {
      flow.onReturn = () => {
        for (; flow.sent - back.position < WINDOW && performance.now() < deadline; flow.sent += CHUNK)
          client.write(chunkAt(flow.sent))
        if (flow.sent === back.position) resolve()
      }
      void client.closed.then(() =>
        reject(new Error(`${flow.sent} bytes were sent, and ${back.position} came back`)),
      )
      flow.onReturn()
    })
    client.end()
    await client.closed
  })

/** @param send resolves when everything is where it belongs, and the connection is closed */
async function runBulk(load: Load, send: (flow: Flow, deadline: number) => Promise<void>): Promise<Counts> {
  const flows = await together(CONNECTIONS, async (): Promise<Flow> => {
    const back = new PositionCheck()
    const client = await connectStream(load, (chunk) => {
      if (!back.accept(chunk)) load.fail(new Error(`a client got wrong bytes back after ${back.position}`))
      flow.onReturn()
    })
    const flow = { client, back, sent: 0, onReturn: () => undefined }
    return flow
  })
  const seconds = await measured(load, (deadline) => Promise.all(flows.map((flow) => send(flow, deadline))))
  const bytes = flows.reduce((total, { sent }) => total + sent, 0)
  return { count: bytes / CHUNK, bytes, seconds }
}
