import { connectStream } from '../clients/streams.js'
import { createMessage } from '../workloads/message.js'
import type { Load } from './scenario.js'

/** The size of a message in bytes. */
export const SIZE = 64

/** A connection that sends a message and gets it back. */
export interface Visitor {
  /** Resolves when every byte of the message is back. Rejects if the connection closes before. */
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

/** Unix sockets connect before they are accepted, and the accept queue holds 511. */
const BATCH = 100

/** Opens connections in batches. The server has accepted a batch before the next one is opened. */
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
    // Connections are accepted in order: when the last one is served, all are accepted.
    await visitors.at(-1)?.exchange()
  }
  return visitors
}

/** Lets each connection exchange its message, in batches. */
export async function serveEach(visitors: readonly Visitor[]): Promise<void> {
  for (let from = 0; from < visitors.length; from += BATCH)
    await Promise.all(visitors.slice(from, from + BATCH).map((visitor) => visitor.exchange()))
}
