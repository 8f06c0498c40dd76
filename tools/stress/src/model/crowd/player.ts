import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { assertNothingLeft, takeInventory } from '@sock/testing'
import { createFolder } from '../folder.js'
import { rest } from '../pace.js'
import type { Order, Verdict } from '../stage.js'
import { takeClock } from './clock.js'
import { createCertificate, Means } from './means.js'
import type { Program } from './program.js'
import { CrowdWorld } from './world.js'

/*
 * The process, or the worker in it, in which programs are played. A program may end the process: that is a fault, and the
 * one who waits for the verdict hears of it.
 */

takeClock()
const certificate = await createCertificate()
let unheard: unknown
let worker: Worker | undefined

for (const event of ['uncaughtException', 'unhandledRejection'] as const)
  process.on(event, (error: unknown) => (unheard ??= error))
// Observers that throw become warnings, and here they throw all the time.
process.removeAllListeners('warning')
process.on('warning', () => {})

/* oxlint-disable unicorn/require-post-message-target-origin -- It is for windows. */
function answer(verdict: Verdict): void {
  if (parentPort === null) process.send?.(verdict)
  else parentPort.postMessage(verdict)
}

function take(order: Order<Program>): void {
  if (isMainThread && order.program.where === 'worker') {
    worker ??= new Worker(new URL(import.meta.url)).on('message', answer)
    worker.postMessage(order)
  } else {
    void play(order).then(answer)
  }
}

async function play({ program, patience }: Order<Program>): Promise<Verdict> {
  const folder = createFolder()
  const before = takeInventory(folder.list)
  const world = new CrowdWorld(program, new Means(program.engine, certificate, folder))
  unheard = undefined
  let delivered = 0
  let fault: unknown
  try {
    await world.play(patience)
    delivered = await world.finish(patience)
    await rest('turn')
    await assertNothingLeft(before, folder.list)
    fault = unheard
  } catch (error) {
    fault = unheard ?? error
    await world.abandon().catch(() => {})
  }
  folder.remove()
  const followed = world.servers.reduce((sum, { seen }) => sum + seen, 0)
  return { followed, delivered, ...(fault === undefined ? {} : { fault: storyOf(fault) }) }
}

function storyOf(fault: unknown): string {
  const { stack, cause } = fault as Error
  return cause === undefined ? String(stack) : `${stack}\nbecause of ${String((cause as Error).stack)}`
}

// Whoever waited for verdicts may have been killed.
if (parentPort === null) process.on('message', take).on('disconnect', () => process.exit())
else parentPort.on('message', take)
if (parentPort === null) process.send?.('ready')
