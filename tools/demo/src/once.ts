import { randomBytes } from 'node:crypto'
import { exchange } from '@sock/core'
import { isStream } from '@sock/tools/transports'
import type { DemoServer, DemoServers } from './servers.js'

const CLIENTS = 8
/** In bytes: many times what a server buffers. */
const STREAM = 1_000_000
/** In bytes: fits an Ethernet frame. Larger datagrams are fragmented over udp, and get lost more easily. */
const DATAGRAM = 1_400
/** In ms, for all servers together; only against waiting for ever. */
const TIME_LIMIT = 120_000

/** Lets clients talk to one server after the other, and prints a row for each. @returns whether every byte came back */
export async function runOnce(servers: DemoServers, stop: AbortSignal): Promise<boolean> {
  const limit = AbortSignal.timeout(TIME_LIMIT)
  const signal = AbortSignal.any([stop, limit])
  let isGood = true
  for (const [name, { server, connect, note }] of servers) {
    const size = isStream(name) ? STREAM : DATAGRAM
    const talks = Array.from({ length: CLIENTS }, () => talk(connect, size, signal))
    const failed = (await Promise.allSettled(talks)).find((result) => result.status === 'rejected')
    const verdict = failed === undefined ? 'every byte came back' : (failed.reason as Error).message
    const row = `${name.padEnd(10)}${String(server.address).padEnd(39)} ${verdict}`
    console.log(note === undefined ? row : `${row} (${note})`)
    isGood &&= failed === undefined
  }
  return isGood && !limit.aborted
}

async function talk(connect: DemoServer['connect'], size: number, signal: AbortSignal): Promise<void> {
  const bytes = randomBytes(size)
  const answer = await exchange(await connect(), bytes, { signal })
  if (!answer.equals(bytes)) throw new Error('the answer differs from what was sent')
}
