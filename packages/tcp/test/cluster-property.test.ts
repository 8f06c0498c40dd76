import { describe, expect, it } from '@jest/globals'
import { later, release } from '@sock/test-support/resources'
import fc from 'fast-check'
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** Peers that connect at once. A stopped worker has one; the others wait in the primary. */
const MANY = 4
/** The limit of concurrent workers: each is a process. */
const MAX_WORKERS = 3
/** A pause in ms, in which workers make progress. */
const SOME_TIME = 100
/** How many messages each worker answers before a peer counts as forgotten: a busy machine may hold up the workers. */
const TURNS = 5_000

const steps = fc.array(
  fc.record({
    // A stopped worker accepts nothing, so peers wait in the primary.
    verb: fc.constantFrom('fork', 'stop', 'stop', 'go on', 'connect', 'connect', 'wait'),
    which: fc.nat({ max: 7 }),
  }),
  { minLength: 3, maxLength: 8, size: 'max' },
)

function ask(port: number): Socket {
  const peer = connect(port, '127.0.0.1')
  later(() => peer.destroy())
  peer.on('error', () => {}).on('data', () => {})
  peer.write('x')
  return peer
}

function fork(listening: Set<Worker>): Worker {
  const worker = cluster.fork()
  worker.on('listening', () => listening.add(worker))
  later(async () => {
    if (worker.isDead()) return
    const exited = once(worker, 'exit')
    worker.process.kill('SIGKILL')
    await exited
  })
  return worker
}

/** Waits until a worker, which hears of a connection in the same way, has answered a message. */
async function turnOf(worker: Worker): Promise<void> {
  const answered = once(worker, 'message')
  worker.send('a turn')
  await answered
}

describe('a cluster', () => {
  it('a cluster answers every peer, whenever its workers start, stop and go on', async () => {
    cluster.setupPrimary({ exec: fileURLToPath(new URL('support/cluster-worker.mjs', import.meta.url)) })
    const property = fc.asyncProperty(steps, async (program) => {
      try {
        const listening = new Set<Worker>()
        const workers = [fork(listening)]
        const [{ port }] = (await once(workers[0] as Worker, 'listening')) as [{ port: number }]
        const peers: Socket[] = []
        for (const { verb, which } of program) {
          const worker = workers[which % workers.length] as Worker
          if (verb === 'fork' && workers.length < MAX_WORKERS) workers.push(fork(listening))
          if (verb === 'stop' && listening.has(worker)) worker.process.kill('SIGSTOP')
          if (verb === 'go on') worker.process.kill('SIGCONT')
          if (verb === 'connect') peers.push(...Array.from({ length: MANY }, () => ask(port)))
          await pause(verb === 'wait' ? SOME_TIME : 1)
        }
        // Stopped workers accept nothing until all others listen. A worker that never does makes the program hang.
        while (workers.some((worker) => !listening.has(worker))) await once(cluster, 'listening')
        for (const worker of workers) worker.process.kill('SIGCONT')
        const unanswered = (): number => peers.filter(({ bytesRead }) => bytesRead === 0).length
        for (let turns = 0; unanswered() > 0 && turns < TURNS; turns++) await Promise.all(workers.map(turnOf))
        expect(unanswered()).toBe(0)
      } finally {
        await release()
      }
    })
    await fc.assert(property, { numRuns: 5 })
  })
})
