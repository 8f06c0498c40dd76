import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { assertNothingLeft, takeInventory } from '@sock/testing'
import { createCertificate } from '@sock/tools/certificate'
import { serveParent } from '@sock/tools/children'
import { createFolder } from '@sock/tools/folder'
import { readdirSync } from 'node:fs'
import { once } from 'node:events'
import { Means } from '../world/means.js'
import { rest } from '../world/pace.js'
import type { Program } from './program.js'
import type { Player, Verdict } from './stage.js'
import { CrowdWorld } from './world.js'

/*
 * The process, or the worker in it, in which programs are played. A program may end the process: that is a fault, and the
 * parent hears of it.
 */

const certificate = await createCertificate()
let unheard: unknown
let worker: Worker | undefined

for (const event of ['uncaughtException', 'unhandledRejection'] as const)
  process.on(event, (error: unknown) => (unheard ??= error))
// Observers that throw become warnings, and here they throw all the time.
process.removeAllListeners('warning')
process.on('warning', () => {})

async function play(program: Program, patience: number): Promise<Verdict> {
  const folder = createFolder('model')
  const list = (): string[] => readdirSync(folder.path)
  const before = takeInventory(list)
  const world = new CrowdWorld(program, new Means(program.engine, [certificate], () => folder.next()))
  unheard = undefined
  let delivered = 0
  let fault: unknown
  try {
    await world.play(patience)
    delivered = await world.finish(patience)
    await rest('turn')
    await assertNothingLeft(before, list)
    fault = unheard
  } catch (error) {
    fault = unheard ?? error
    await world.abandon().catch(() => {})
  }
  folder.remove()
  const followed = world.servers.reduce((sum, { observer }) => sum + observer.watcher.seen, 0)
  return { followed, delivered, ...(fault === undefined ? {} : { fault: storyOf(fault) }) }
}

function storyOf(fault: unknown): string {
  const { stack, cause } = fault as Error
  return cause === undefined ? String(stack) : `${stack}\nbecause of ${String((cause as Error).stack)}`
}

/* oxlint-disable unicorn/require-post-message-target-origin -- It is for windows. */
async function playInWorker(program: Program, patience: number): Promise<Verdict> {
  worker ??= new Worker(new URL(import.meta.url))
  worker.postMessage([program, patience])
  const [verdict] = (await once(worker, 'message')) as [Verdict]
  return verdict
}

if (isMainThread) {
  const player: Player<Program> = {
    play: (program, patience) =>
      program.where === 'worker' ? playInWorker(program, patience) : play(program, patience),
  }
  serveParent(player)
} else {
  parentPort?.on('message', ([program, patience]: Parameters<typeof play>) => {
    void play(program, patience).then((verdict) => parentPort?.postMessage(verdict))
  })
}
