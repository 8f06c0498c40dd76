import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createTcpServer } from '@sock/tcp'
import { serveParent } from '@sock/tools/children'
import { pause, rest, until } from '../world/pace.js'
import type { Player, Verdict } from './grounds.js'
import type { ClusterProgram } from './program.js'

/* The primary of a cluster and its workers, for one program after the other. Each peer sends a byte and must get it back. */

/** Peers that connect at once. A stopped worker has one; the others wait in the primary. */
const MANY = 4
/** The limit of concurrent workers: each is a process. */
const MAX_WORKERS = 3
/** A pause in ms, in which workers make progress. */
const SOME_TIME = 100

/** Workers that listen. */
const listening = new Set<Worker>()

async function play(steps: ClusterProgram, patience: number): Promise<Verdict> {
  const workers = [cluster.fork()]
  const peers: Socket[] = []
  const unanswered = (): Socket[] => peers.filter(({ bytesRead }) => bytesRead === 0)
  try {
    const [, { port }] = (await once(cluster, 'listening')) as [Worker, { port: number }]
    for (const { verb, which } of steps) {
      const worker = workers[which % workers.length] as Worker
      if (verb === 'fork' && workers.length < MAX_WORKERS) workers.push(cluster.fork())
      if (verb === 'stop' && listening.has(worker)) worker.process.kill('SIGSTOP')
      if (verb === 'go on') worker.process.kill('SIGCONT')
      if (verb === 'wait') await pause(SOME_TIME)
      if (verb === 'connect') peers.push(...Array.from({ length: MANY }, () => ask(port)))
      await rest('turns')
    }
    // Stopped workers accept nothing until all others listen. A worker that never does makes the program hang.
    while (workers.some((worker) => !listening.has(worker))) await once(cluster, 'listening')
    for (const worker of workers) worker.process.kill('SIGCONT')
    const complaint = (): string =>
      `${unanswered().length} of ${peers.length} peers of a cluster are never answered`
    // A busy machine may hold up the workers, and not this process.
    const turnOfAll = (): Promise<unknown> => Promise.all(workers.map(turnOf))
    await until(() => unanswered().length === 0, patience, complaint, turnOfAll)
    return { followed: peers.length, delivered: peers.length }
  } catch (error) {
    return { followed: peers.length, delivered: 0, fault: (error as Error).message }
  } finally {
    for (const peer of peers) peer.destroy()
    await Promise.all(workers.map(end))
  }
}

/** Waits until a worker, which hears of a connection in the same way, has answered a message. */
async function turnOf(worker: Worker): Promise<void> {
  const answered = once(worker, 'message')
  worker.send('a turn')
  await answered
}

function ask(port: number): Socket {
  const peer = connect(port, '127.0.0.1')
  peer.on('error', () => {}).on('data', () => {})
  peer.write('x')
  return peer
}

async function end(worker: Worker): Promise<void> {
  listening.delete(worker)
  if (worker.isDead()) return
  const exited = once(worker, 'exit')
  worker.process.kill('SIGKILL')
  await exited
}

if (cluster.isPrimary) {
  cluster.on('listening', (worker) => listening.add(worker))
  serveParent({ play } satisfies Player<ClusterProgram>)
} else {
  process.on('message', () => process.send?.('a turn'))
  await createTcpServer({ data: (connection, chunk) => void connection.write(chunk) }).listen('127.0.0.1:0')
}
