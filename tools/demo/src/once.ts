import { randomBytes } from 'node:crypto'
import { setInterval } from 'node:timers/promises'
import type { Channel } from '@sock/core'

const CLIENTS = 20
const MESSAGES = 200
/** Sizes of messages in bytes: from a small request to as much as a server buffers by default. */
const SIZES = [64, 1_000, 256, 4_096, 64, 16_384, 333, 65_536]
/** The largest datagrams in bytes. Over udp one fits an Ethernet frame: larger ones are fragmented, and get lost more easily. */
const LARGEST: Record<string, number> = { udp: 1_400, unixgram: 65_535 }
/** In ms. */
const LOOK_EVERY = 500
/**
 * After this many checks without a byte, an answer counts as lost. Servers and clients share one event loop, and a check takes
 * at least one turn of it. So a busy machine also checks less often.
 */
const LOOKS = 60

const pool = randomBytes(1024 * 1024)

/** Sends messages from several clients at once, and compares the answers. @returns the first difference, if there is one */
export async function exchangeAll(
  name: string,
  connect: () => Promise<Channel>,
  stop: AbortSignal,
): Promise<string | undefined> {
  const clients: Channel[] = []
  const ended = new AbortController()
  let looks = 0
  const talk = async (id: number): Promise<void> => {
    const client = await connect()
    clients.push(client)
    for (let index = 0; index < MESSAGES; index++) {
      // Each message is a different part of the pool, so a repeated or swapped answer differs from the expected one.
      const size = Math.min(SIZES[index % SIZES.length] as number, LARGEST[name] ?? Infinity)
      const offset = (id * 7_919 + index * 104_729) % (pool.length - size)
      const message = pool.subarray(offset, offset + size)
      const sent = client.write(message)
      for (let at = 0; at < size; looks = 0) {
        const chunk = await client.read()
        if (chunk === null) throw new Error(`client ${id}, message ${index}: the server closed first`)
        if (!chunk.equals(message.subarray(at, at + chunk.length)))
          throw new Error(`client ${id}, message ${index}: the answer differs from what was sent`)
        at += chunk.length
      }
      await sent
    }
  }
  const watch = async (): Promise<void> => {
    const signal = AbortSignal.any([stop, ended.signal])
    for await (const _ of setInterval(LOOK_EVERY, undefined, { signal }))
      if (++looks > LOOKS) throw new Error('an answer never came')
  }
  const talks = Promise.all(Array.from({ length: CLIENTS }, (_, id) => talk(id)))
  try {
    await Promise.race([talks, watch()])
    return undefined
  } catch (error) {
    return stop.aborted ? 'interrupted' : (error as Error).message
  } finally {
    ended.abort()
    // Errors after the verdict do not change it.
    talks.catch(() => {})
    await Promise.allSettled(clients.map((client) => client.close()))
  }
}
