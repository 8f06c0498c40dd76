import { describe, expect, it } from '@jest/globals'
import type { Connection } from '@sock/core'
import { createCertificate } from '@sock/tools/certificate'
import { withFolder } from '@sock/tools/folder'
import { STREAMS, type StreamName } from '@sock/tools/transports'
import { ENGINES, isAvailable, Means } from '../../src/world/means.js'
import { until } from '../../src/world/pace.js'

/** Each client says in one word what it wants: an answer at once or late, nothing, or more than it reads. */
const CLIENTS = { ask: 25, busy: 100, idle: 100, stuck: 25 } as const
type Part = keyof typeof CLIENTS
const ANSWER = Buffer.alloc(100_000, 'answer ')
/** In ms, for what a slow machine needs; and a day, so that no deadline strikes a client that gets on. */
const PATIENCE = 60_000
const NEVER = 24 * 60 * 60_000

/** @returns how many bytes each client reads to the end, or why it cannot: how often each */
async function outcomes(clients: readonly Promise<Connection>[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  const readAll = async (client: Connection): Promise<number> => {
    let bytes = 0
    for await (const chunk of client) bytes += chunk.length
    return bytes
  }
  const all = clients.map(async (client) => readAll(await client).catch(({ code }) => String(code)))
  for (const seen of await Promise.all(all)) counts[seen] = (counts[seen] ?? 0) + 1
  return counts
}

async function fire(name: StreamName, means: Means): Promise<void> {
  const waiting = { ask: 0, busy: 0, idle: 0, stuck: 0 }
  let release = (): void => {}
  const released = new Promise<void>((resolve) => (release = resolve))
  const handler = async (connection: Connection): Promise<void> => {
    const part = String(await connection.read()) as Part
    waiting[part] += 1
    if (part === 'busy') await released
    if (part === 'idle') await connection.read()
    const answers = { ask: 1, busy: 1, idle: 0, stuck: Infinity }[part]
    for (let count = 0; count < answers; count++) await connection.write(ANSWER)
  }
  // A client that waits to be accepted may be slow to ask.
  const server = means.streamServer(name, handler, { shutdownTimeout: NEVER, drainIdle: 5_000 })
  const address = await server.listen(means.target(name))
  const connectAll = (part: Part): Promise<Connection>[] =>
    Array.from({ length: CLIENTS[part] }, async () => {
      const client = await means.dial(name, address)
      await client.write(part)
      return client
    })
  const [busy, idle, stuck] = [connectAll('busy'), connectAll('idle'), connectAll('stuck')]
  const ready = { ...CLIENTS, ask: 0 }
  await until(() => String(Object.values(waiting)) === String(Object.values(ready)), PATIENCE, 'not served')

  // The system queues these, and the event loop hears of them only once the server drains.
  const queued = connectAll('ask')
  const report = server.shutdown().catch((error) => error.report)
  expect(await outcomes(idle)).toEqual({ 0: CLIENTS.idle })
  release()
  expect(await outcomes(busy)).toEqual({ [ANSWER.length]: CLIENTS.busy })
  expect(await outcomes(queued)).toEqual({ [ANSWER.length]: CLIENTS.ask })
  await until(() => server.openConnections === CLIENTS.stuck, PATIENCE, 'more are open than are stuck')
  void server.shutdown({ timeout: 0 }).catch(() => {})
  const counts = { idle: CLIENTS.idle, drained: CLIENTS.ask + CLIENTS.busy, forced: CLIENTS.stuck }
  expect(await report).toEqual(counts)
  // What they read ends in the middle; Unix sockets know no reset.
  const cut = name === 'unix' ? expect.any(Object) : { ERR_SOCK_RESET: CLIENTS.stuck }
  expect(await outcomes(stuck)).toEqual(cut)
}

describe('shutdown()', () => {
  const all = ENGINES.filter(isAvailable)
    .flatMap((engine) => STREAMS.map((name) => [name, engine] as const))
    .filter(([name, engine]) => name !== 'tls' || engine === 'node')
  it.each(all)(
    'shutdown() under fire serves the queue and the busy, lets the idle go and forces the stuck: %s, %s',
    async (name, engine) => {
      const certificate = await createCertificate()
      await withFolder('fire', async (folder) => {
        const means = new Means(engine, [certificate], () => folder.next())
        for (let round = 0; round < 2; round++) await fire(name, means)
      })
    },
  )
})
