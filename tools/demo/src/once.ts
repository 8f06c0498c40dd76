import type { Channel } from '@sock/core'
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Served } from './servers.js'

const CLIENTS = 20
const MESSAGES = 200
/** In bytes, from a small request to as much as a server buffers by default. */
const SIZES = [64, 1_000, 256, 4_096, 64, 16_384, 333, 65_536]
/** Against waiting for ever, in ms: what has not come back by then is lost. */
const TIMEOUT = 30_000

const pool = randomBytes(1024 * 1024)

/**
 * Sends messages from several clients at once, and compares what comes back.
 *
 * @returns what is wrong, if anything is
 */
export async function exchangeAll(served: Served, stop: AbortSignal): Promise<string | undefined> {
  const clients: Channel[] = []
  const deadline = new AbortController()
  const echoed = Promise.all(
    Array.from({ length: CLIENTS }, async (_, id) => {
      const client = await served.connect()
      clients.push(client)
      await exchangeMessages(client, id, served.largestMessage)
    }),
  ).then(() => undefined)
  const late = pause(TIMEOUT, 'no answer in time', { signal: AbortSignal.any([deadline.signal, stop]) })
  try {
    return await Promise.race([echoed, late])
  } catch (error) {
    return stop.aborted ? 'interrupted' : (error as Error).message
  } finally {
    deadline.abort()
    echoed.catch(ignore)
    late.catch(ignore)
    await Promise.all(clients.map((client) => client.close().catch(ignore)))
  }
}

async function exchangeMessages(client: Channel, id: number, largest: number): Promise<void> {
  for (let index = 0; index < MESSAGES; index++) {
    // Another part of the pool each time, so that a repeated or swapped answer does not compare equal.
    const size = Math.min(SIZES[index % SIZES.length] as number, largest)
    const offset = (id * 7_919 + index * 104_729) % (pool.length - size)
    const message = pool.subarray(offset, offset + size)
    const sent = client.write(message)
    for (let at = 0; at < size;) {
      const chunk = await client.read()
      if (chunk === null) throw new Error(`client ${id}, message ${index}: the server closed first`)
      if (!chunk.equals(message.subarray(at, at + chunk.length))) {
        throw new Error(`client ${id}, message ${index}: the answer differs from what was sent`)
      }
      at += chunk.length
    }
    await sent
  }
}

/** What breaks after the verdict does not change it. */
function ignore(): void {}
