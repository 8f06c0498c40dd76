import { once } from 'node:events'
import type { Socket } from 'node:net'
import { openStream } from '../clients/node-stream.js'
import { STREAM_TRANSPORTS } from '../transports.js'
import { patternAt } from '../workloads/pattern.js'
import type { Counts, Load, Scenario } from './scenario.js'
import { MIB } from './throughput.js'

const CONNECTIONS = 20
const CHUNK = 64 * 1024
/** What each would send if it could: more than the buffers of the kernel hold in both directions. */
const MOST = 16 * MIB
/** A connection that has not got rid of a chunk for so long, in ms, is stuck. */
const STUCK = 200

export const stuck: Scenario = {
  name: 'stuck',
  about:
    '20 clients send up to 16 MiB each to an echo and read nothing; how much the memory of the server grows',
  transports: STREAM_TRANSPORTS,
  workload: 'echo',
  metrics: [{ name: 'memory', unit: 'KiB/connection', better: 'less' }],
  isFresh: true,
  isPaced: true,
  mostRounds: 3,
  load: runStuck,
  sample: ({ before, after }) => ({ memory: ((after?.rss ?? 0) - (before?.rss ?? 0)) / 1024 / CONNECTIONS }),
}

async function runStuck(load: Load): Promise<Counts> {
  const sockets = Array.from({ length: CONNECTIONS }, () => openStream(load))
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
    if (!(await drainsWithin(socket, STUCK))) return sent
  }
  return MOST
}

function drainsWithin(socket: Socket, milliseconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (hasDrained: boolean) => (): void => {
      clearTimeout(timer)
      socket.off('drain', onDrain)
      resolve(hasDrained)
    }
    const onDrain = settle(true)
    const timer = setTimeout(settle(false), milliseconds)
    socket.on('drain', onDrain)
  })
}
