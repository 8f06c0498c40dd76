import { readdirSync } from 'node:fs'
import { inspect } from 'node:util'
import { assertNothingLeft, takeInventory } from '@sock/testing'
import { createCertificate } from '@sock/tools/certificate'
import { serveParent } from '@sock/tools/children'
import { createFolder } from '@sock/tools/folder'
import type { Verdict } from '../model/player.js'
import { Means } from '../world/means.js'
import { pause, rest, until } from '../world/pace.js'
import { catchStray, Pledges } from '../world/pledges.js'
import { showsParts } from './codecs.js'
import type { FrameProgram, Step } from './program.js'
import { Stage } from './stage.js'

/* Plays programs with frames, in a child process. */

const certificate = await createCertificate()
let unheard: unknown
catchStray((error) => (unheard ??= error))

/** @param patience after this many ms, a missing event counts as one that never comes */
async function play(program: FrameProgram, patience: number): Promise<Verdict> {
  const folder = createFolder('model')
  const list = (): string[] => readdirSync(folder.path)
  const before = takeInventory(list)
  const pledges = new Pledges()
  const means = new Means(program.engine, [certificate], () => folder.next())
  const stage = new Stage(program, means, pledges)
  unheard = undefined
  let fault: unknown
  try {
    await perform(program, stage, pledges)
    await finish(program, stage, pledges, patience)
    await rest('turn')
    await assertNothingLeft(before, list)
    fault = unheard
  } catch (error) {
    fault = unheard ?? error
    await stage.close().catch(() => {})
  }
  folder.remove()
  const followed = stage.ends.length + (stage.shared === undefined ? 0 : stage.peers.length)
  const ends = [...stage.ends, ...(stage.shared === undefined ? [] : [stage.shared])]
  const delivered = ends.reduce((sum, { delivery }) => sum + delivery.count, 0)
  return { followed, delivered, ...(fault === undefined ? {} : { fault: inspect(fault) }) }
}

async function perform(program: FrameProgram, stage: Stage, pledges: Pledges): Promise<void> {
  await stage.listen()
  for (let peers = 0; peers < program.peers; peers++) await stage.connect()
  for (const step of program.steps) {
    await stage.perform(step.acts)
    await wait(step.rest, program.frameTimeout)
    pledges.check()
    stage.check()
  }
}

/** Two times the longest time of a frame: so a frame that must be late is late. */
async function wait(how: Step['rest'], frameTimeout = 5): Promise<void> {
  if (how === 'long') return pause(2 * frameTimeout)
  if (how !== 'blocked') return rest(how)
  for (const end = performance.now() + 2 * frameTimeout; performance.now() < end;);
  await rest('turns')
}

async function finish(
  program: FrameProgram,
  stage: Stage,
  pledges: Pledges,
  patience: number,
): Promise<void> {
  const { ending, frameTimeout, codec } = program
  const isGentle = ending !== 'by force'
  const waits = ending === 'silently' && frameTimeout !== undefined && showsParts(codec)
  if (isGentle) await stage.endGently(waits, patience)
  pledges.check()
  await stage.close()
  await pledges.allSettled(patience)
  await until(() => stage.ends.every(({ isOver }) => isOver), patience, 'a connection is not closed')
  pledges.check()
  for (const end of stage.ends) end.checkEnd(isGentle)
  stage.shared?.checkEnd(isGentle)
}

const player = { play }
export type FramePlayer = typeof player
serveParent(player)
