import { closeAll, connectClient, onMessages, type Client } from '../clients.js'
import { createMessage } from '../message.js'
import { measured, together, type Counts, type Load } from './load.js'

const SIZE = 64
const AT_ONCE = 8
/** The accept queue of a listener holds 511. If it is full, a connection fails, or takes a second longer. */
const STORM = 500
/** Unix sockets connect before they are accepted. */
const BATCH = 100
const DRAINED = 1000
/** After this many connections, their code is loaded and compiled. */
const WARM_UP = 300

/** Connects again and again. @param leave how the client ends a connection */
export const visits = (leave: 'end' | 'reset') => async (load: Load) => {
  let count = 0
  const used = await measured(load, (deadline) =>
    together(AT_ONCE, async () => {
      while (performance.now() < deadline) {
        const client = await connectClient(load)
        await exchange(load, client)
        await closeAll([client], leave)
        count += 1
      }
    }),
  )
  return { ...used, count, bytes: count * SIZE }
}

export async function runStorm(load: Load): Promise<Counts> {
  const { seconds, cpuSeconds } = await measured(load, () =>
    together(STORM, async (index) => exchange(load, await connectClient(load), index)),
  )
  await closeAll([...load.clients])
  return { seconds, cpuSeconds, count: STORM, bytes: STORM * SIZE }
}

export async function runDrain(load: Load): Promise<Counts> {
  const clients = await openCrowd(load, DRAINED)
  const since = performance.now()
  const drainTime = await load.server.call.drain()
  await Promise.all(clients.map(({ closed }) => closed))
  return { count: DRAINED, bytes: 0, seconds: (performance.now() - since) / 1000, drainTime }
}

/** @param countOf how many connections to open */
export const idle = (countOf: (load: Load) => number) => async (load: Load) => {
  const count = countOf(load)
  const { memory } = load.server.call
  // Close by RST, if the transport has one, so that no port stays in TIME_WAIT.
  await closeAll(await openCrowd(load, WARM_UP), 'reset')
  const before = await memory()
  const since = performance.now()
  const clients = await openCrowd(load, count)
  const after = await memory()
  for (let from = 0; from < count; from += BATCH) {
    const batch = clients.slice(from, from + BATCH)
    await Promise.all(batch.map((client, index) => exchange(load, client, from + index)))
  }
  const seconds = (performance.now() - since) / 1000
  await closeAll(clients, 'reset')
  return { count, bytes: 0, seconds, connections: count, memory: [before, after] as const }
}

/** Opens connections in batches. The server has accepted a batch before the next one is opened. */
async function openCrowd(load: Load, count: number): Promise<readonly Client[]> {
  const clients: Client[] = []
  while (clients.length < count) {
    const size = Math.min(BATCH, count - clients.length)
    clients.push(...(await together(size, () => connectClient(load))))
    // Connections are accepted in order: when the last one is served, all are accepted.
    await exchange(load, clients.at(-1) as Client)
  }
  return clients
}

/** Sends a message, and waits until it is back. */
function exchange(load: Load, client: Client, index = 0): Promise<void> {
  const message = createMessage(SIZE, index)
  return new Promise((resolve, reject) => {
    onMessages(client, SIZE, (answer) => {
      if (answer.equals(message)) resolve()
      else load.fail(new Error(`connection ${index} got back what it had not sent`))
    })
    void client.closed.then(() => reject(new Error(`connection ${index} was closed before it was served`)))
    client.write(message)
  })
}
