import { connectClient, type Client } from '../clients.js'
import { patternAt } from '../message.js'
import { roundOf, type Framing } from '../workload.js'
import { measured, together, type Counts, type Load } from './load.js'

const CHUNK = 64 * 1024
const CONNECTIONS = 4
/** Bytes of a connection that may be under way in an echo: enough to keep both sides busy. */
const WINDOW = 4 * CHUNK

const chunkAt = (position: number): Buffer => patternAt(position, CHUNK)

export const sendChunks = (load: Load): Promise<Counts> => fill(load, chunkAt)

/** Sends the messages of a round again and again. */
export const sendRounds = (framing: Framing) => (load: Load) => {
  const round = roundOf(framing)
  return fill(load, () => round)
}

/** Fills streams until the deadline. The server closes when it has read everything. @param next what follows so many bytes */
const fill = (load: Load, next: (position: number) => Buffer): Promise<Counts> =>
  runBulk(load, async (client, deadline) => {
    let sent = 0
    client.onData = () => load.fail(new Error('a client got what it had not asked for'))
    client.onDrain = () => {
      while (performance.now() < deadline) {
        const data = next(sent)
        sent += data.length
        if (!client.write(data)) return
      }
      client.onDrain = () => undefined
      client.end()
    }
    client.onDrain()
    await client.closed
    return sent
  })

export const echo = (load: Load): Promise<Counts> =>
  runBulk(load, async (client, deadline) => {
    let sent = 0
    let back = 0
    await new Promise<void>((resolve, reject) => {
      const refill = (): void => {
        for (; sent - back < WINDOW && performance.now() < deadline; sent += CHUNK)
          client.write(chunkAt(sent))
        if (sent === back) resolve()
      }
      client.onData = (chunk) => {
        if (!patternAt(back, chunk.length).equals(chunk))
          return load.fail(new Error(`a client got wrong bytes back after ${back}`))
        back += chunk.length
        refill()
      }
      void client.closed.then(() => reject(new Error(`${sent} bytes were sent, and ${back} came back`)))
      refill()
    })
    client.end()
    await client.closed
    return sent
  })

/** @param send resolves with the number of bytes when all are where they belong, and the connection is closed */
async function runBulk(
  load: Load,
  send: (client: Client, deadline: number) => Promise<number>,
): Promise<Counts> {
  const clients = await together(CONNECTIONS, () => connectClient(load))
  let bytes = 0
  const used = await measured(load, (deadline) =>
    together(CONNECTIONS, async (index) => {
      const sent = await send(clients[index] as Client, deadline)
      bytes += sent
    }),
  )
  return { ...used, count: bytes / CHUNK, bytes }
}
