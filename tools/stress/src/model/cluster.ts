import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createTcpServer } from '@sock/tcp'
import { serveParent } from '@sock/tools/children'
import { pause, rest } from '../world/pace.js'
import type { ClusterProgram, ClusterStep } from './program.js'
import type { Player, Verdict } from './stage.js'

/*
 * The primary of clusters, one after the other, and their workers. Each peer that connects sends a byte, and must get it back.
 */

/** Peers that connect at once: a worker that is stopped has one, the others wait in the primary. */
const MANY = 4
/** Workers that there may be at once: each is a process. */
const MAX_WORKERS = 3
/** In ms: a worker does something meanwhile. */
const SOME_TIME = 100

/** Workers that have begun to listen. */
const listening = new Set<Worker>()

interface Peer {
  readonly socket: Socket
  isAnswered: boolean
}

async function play({ steps }: ClusterProgram, patience: number): Promise<Verdict> {
  const workers = [cluster.fork()]
  const peers: Peer[] = []
  try {
    const [, { port }] = (await once(cluster, 'listening')) as [Worker, { port: number }]
    for (const step of steps) await perform(step, workers, peers, port)
    // Those that were stopped take nothing until all others have begun.
    const until = performance.now() + patience
    while (!workers.every((worker) => listening.has(worker)) && performance.now() < until) await rest('turn')
    for (const worker of workers) worker.process.kill('SIGCONT')
    const missing = (): number => peers.filter(({ isAnswered }) => !isAnswered).length
    while (missing() > 0 && performance.now() < until) await rest('turn')
    const counts = { followed: peers.length, delivered: peers.length - missing() }
    if (missing() === 0) return counts
    return { ...counts, fault: `${missing()} of ${peers.length} peers of a cluster are never answered` }
  } finally {
    for (const { socket } of peers) socket.destroy()
    await Promise.all(workers.map(end))
  }
}

async function perform(step: ClusterStep, workers: Worker[], peers: Peer[], port: number): Promise<void> {
  const worker = workers[step.which % workers.length]
  switch (step.do) {
    case 'fork':
      if (workers.length < MAX_WORKERS) workers.push(cluster.fork())
      return
    case 'stop':
      if (worker !== undefined && listening.has(worker)) worker.process.kill('SIGSTOP')
      return
    case 'go on':
      worker?.process.kill('SIGCONT')
      return
    case 'wait':
      return pause(SOME_TIME)
    case 'connect':
      for (let count = 0; count < MANY; count++) peers.push(ask(port))
      return rest('turns')
  }
}

function ask(port: number): Peer {
  const peer: Peer = { socket: connect(port, '127.0.0.1'), isAnswered: false }
  peer.socket.on('error', () => {}).on('data', () => (peer.isAnswered = true))
  peer.socket.write('x')
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
  const player: Player<ClusterProgram> = { play }
  serveParent(player)
} else {
  await createTcpServer({ data: (connection, chunk) => void connection.write(chunk) }).listen('127.0.0.1:0')
}
