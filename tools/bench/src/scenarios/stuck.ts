import { STREAMS } from '@sock/tools/transports'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { openSocket } from '../clients/streams.js'
import { patternAt } from '../workloads/message.js'
import { MIB, type Counts, type Load, type Scenario } from './scenario.js'

const CONNECTIONS = 20
const CHUNK = 64 * 1024
/** Each client tries to send this much: more than the buffers of the kernel hold in both directions. */
const MOST = 16 * MIB
/** A connection that cannot send a chunk for this long, in ms, is stuck. */
const STUCK = 200

export const stuck: Scenario = {
  name: 'stuck',
  about:
    '20 clients send up to 16 MiB each to an echo and read nothing; how much the memory of the server grows',
  transports: STREAMS,
  metrics: [{ name: 'memory', unit: 'KiB/connection', better: 'less' }],
  isFresh: true,
  isPaced: true,
  mostRounds: 3,
  load: runStuck,
  sample: ({ before, after }) => ({ memory: ((after?.rss ?? 0) - (before?.rss ?? 0)) / 1024 / CONNECTIONS }),
}

async function runStuck(load: Load): Promise<Counts> {
  // Nobody reads from these sockets, so the server's bytes stay queued.
  const sockets = Array.from({ length: CONNECTIONS }, () => openSocket(load))
  await Promise.all(
    sockets.map((socket) => once(socket, load.transport === 'tls' ? 'secureConnect' : 'connect')),
  )
  await load.mark('before')
  const since = performance.now()
  const sent = await Promise.all(sockets.map(sendUntilStuck))
  await load.mark('after')
  await Promise.all(
    sockets.map(async (socket) => {
      const closed = once(socket, 'close')
      socket.destroy()
      await closed
    }),
  )
  const bytes = sent.reduce((total, one) => total + one, 0)
  return { count: bytes / CHUNK, bytes, seconds: (performance.now() - since) / 1000, lost: 0 }
}

async function sendUntilStuck(socket: Socket): Promise<number> {
  socket.on('error', () => undefined)
  for (let sent = 0; sent < MOST; sent += CHUNK) {
    if (socket.write(patternAt(sent, CHUNK))) continue
    const settled = new AbortController()
    const { signal } = settled
    const drained = once(socket, 'drain', { signal }).then(() => true)
    const isMoving = await Promise.race([drained, delay(STUCK, false, { signal })])
    drained.catch(() => undefined)
    settled.abort()
    if (!isMoving) return sent
  }
  return MOST
}
