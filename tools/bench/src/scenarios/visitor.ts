import { connectStream } from '../clients/streams.js'
import { createMessage } from '../workloads/message.js'
import type { Load } from './scenario.js'

/** Bytes of the message that a visitor sends. */
export const SIZE = 64

/** A connection that may send its message, and get it back. */
export interface Visitor {
  /** Resolves when the message is back, byte for byte. Rejects when the connection is closed before. */
  exchange(): Promise<void>
  end(): Promise<void>
  reset(): Promise<void>
  readonly closed: Promise<void>
}

export async function visit(load: Load, index: number, fail: (error: Error) => void): Promise<Visitor> {
  const message = createMessage(SIZE, index)
  let got = 0
  let done: () => void = () => undefined
  const onChunk = (chunk: Buffer): void => {
    const to = got + chunk.length
    if (to > SIZE || message.compare(chunk, 0, chunk.length, got, to) !== 0)
      return fail(new Error(`connection ${index} got back what it had not sent`))
    got = to
    if (got === SIZE) done()
  }
  const client = await connectStream(load, onChunk, fail)
  const leave = (how: 'end' | 'reset') => (): Promise<void> => {
    client[how]()
    return client.closed
  }
  return {
    exchange() {
      got = 0
      return new Promise((resolve, reject) => {
        done = resolve
        void client.closed.then(() =>
          reject(new Error(`connection ${index} was closed before it was served`)),
        )
        client.write(message)
      })
    },
    end: leave('end'),
    reset: leave('reset'),
    closed: client.closed,
  }
}

/** A Unix socket is connected before it is accepted, and its queue holds 511. */
const BATCH = 100

/** Opens connections, a batch at a time; each batch is accepted before the next one is opened. */
export async function openCrowd(
  load: Load,
  count: number,
  fail: (error: Error) => void,
): Promise<readonly Visitor[]> {
  const visitors: Visitor[] = []
  while (visitors.length < count) {
    const size = Math.min(BATCH, count - visitors.length)
    const batch = Array.from({ length: size }, (_, index) => visit(load, visitors.length + index, fail))
    visitors.push(...(await Promise.all(batch)))
    // Connections are accepted in their order: once the last one is served, all are accepted.
    await visitors.at(-1)?.exchange()
  }
  return visitors
}

/** Serves each, a batch at a time. */
export async function serveEach(visitors: readonly Visitor[]): Promise<void> {
  for (let from = 0; from < visitors.length; from += BATCH)
    await Promise.all(visitors.slice(from, from + BATCH).map((visitor) => visitor.exchange()))
}
