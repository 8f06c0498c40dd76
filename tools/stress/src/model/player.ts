import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { inspect } from 'node:util'
import { assertNothingLeft, takeInventory } from '@sock/testing'
import { createCertificate } from '@sock/tools/certificate'
import { serveParent } from '@sock/tools/children'
import { createFolder } from '@sock/tools/folder'
import type { Moment, Plan } from '../world/acts.js'
import { compare } from '../world/ledger.js'
import { Means } from '../world/means.js'
import { rest, until } from '../world/pace.js'
import { catchStray, Pledges } from '../world/pledges.js'
import { World } from '../world/world.js'
import type { Program } from './program.js'

/* Plays programs, in a child process. If a program ends the process, that is a fault, which the parent notices. */

/** The result of a program. */
export interface Verdict {
  readonly fault?: string
  /** The number of observed connections; of streams that had to arrive whole, and datagrams that arrived. */
  readonly followed: number
  readonly delivered: number
}

const certificate = await createCertificate()
let unheard: unknown

catchStray((error) => (unheard ??= error))

/** @param patience after this many ms, a missing event counts as one that never comes */
async function play(program: Program, patience: number): Promise<Verdict> {
  const folder = createFolder('model')
  const list = (): string[] => readdirSync(folder.path)
  const before = takeInventory(list)
  // A plan applies from its place in the program on.
  const due: Plan[] = []
  const planner = (moment: Moment): Plan | undefined => {
    const at = due.findIndex((plan) => plan.at === moment)
    return at === -1 ? undefined : due.splice(at, 1)[0]
  }
  const means = new Means(program.engine, [certificate], () => folder.next())
  const world = new World(means, new Pledges(), planner)
  unheard = undefined
  let delivered = 0
  let fault: unknown
  try {
    await perform(program, world, due)
    delivered = await finish(program, world, patience)
    await rest('turn')
    await assertNothingLeft(before, list)
    fault = unheard
  } catch (error) {
    fault = unheard ?? error
    world.destroyPeers()
    await Promise.all(world.servers.map((server) => server.close().catch(() => {})))
  }
  folder.remove()
  const followed = world.servers.reduce((sum, { observer }) => sum + observer.watcher.seen, 0)
  return { followed, delivered, ...(fault === undefined ? {} : { fault: inspect(fault) }) }
}

async function perform(program: Program, world: World, due: Plan[]): Promise<void> {
  for (const spec of program.servers) await world.createServer(spec).listen()
  world.perform(program.peers.acts)
  await rest('turns')
  for (const step of program.steps) {
    if ('at' in step) due.push(step)
    else {
      world.perform(step.acts)
      await rest(step.rest)
    }
    world.pledges.check()
    for (const { observer } of world.servers) observer.check()
  }
}

/** @returns how many streams and datagrams were compared @throws the first difference */
async function finish({ ending }: Program, world: World, patience: number): Promise<number> {
  const isGentle = ending === 'gently'
  if (isGentle) {
    world.serveOut()
    await world.leave(patience)
    for (const server of world.servers) void server.shutDown()
    const areStopped = (): boolean => world.servers.every((one) => one.isStopped)
    await until(areStopped, patience, 'shutdown() does not end')
  }
  world.destroyPeers()
  for (const server of world.servers) void server.close()
  await world.settle(patience)
  // Their sockets are closed, so answers are refused.
  world.sendHeld()
  await world.settle(patience)
  for (const server of world.servers) server.checkEnd()
  const { whole, datagrams, problems } = compare(world.collect(), isGentle)
  assert.equal(problems.length, 0, problems[0])
  return whole + datagrams
}

const player = { play }
export type Player = typeof player
serveParent(player)
