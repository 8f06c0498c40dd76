import { assertNothingLeft, takeInventory } from '@sock/testing'
import fc from 'fast-check'
import type { Command, World } from './commands.js'
import { datagramCommand, datagramSetup } from './datagram-commands.js'
import { DatagramWorld } from './datagram-world.js'
import { rest } from './pace.js'
import { streamCommand, streamSetup } from './stream-commands.js'
import { StreamWorld } from './stream-world.js'
import type { Ground } from './transports.js'

/** How a sequence ends: everybody leaves in good order, or `close()` strikes. */
type Ending = 'gently' | 'by force'

/** A world that a sequence has been through, and that comes to its end now. */
interface EndingWorld extends World {
  endGently(patience: number): Promise<void>
  endByForce(): Promise<void>
  /** @throws unless everything is closed, settled, and adds up */
  finish(patience: number): Promise<void>
}

/** What was compared, so that a model that sees nothing does not pass for one that finds nothing. */
export interface Tally {
  sequences: number
  /** Connections and datagram sockets that observers have followed. */
  followed: number
  /** Streams that had to arrive whole, and datagrams that were acknowledged and had to arrive. */
  delivered: number
}

const PATIENCE = 5_000
const MAX_COMMANDS = 40

export interface SequenceOptions {
  /** ms after which what has not happened never will. Default 5000. */
  readonly patience?: number
  /** Which of the commands were run when a sequence failed; it was printed then. */
  readonly replayPath?: string | undefined
}

/** Any sequence of commands on this ground: what holds then is checked as it goes, and at its end. */
export function anySequence(ground: Ground, tally?: Tally, options: SequenceOptions = {}): Sequences {
  const { patience = PATIENCE, replayPath } = options
  if (ground.kind === 'stage') {
    return ground.perform(patience, ({ followed, delivered }) => {
      if (tally === undefined) return
      tally.sequences += 1
      tally.followed += followed
      tally.delivered += delivered
    })
  }
  const targets = { free: () => ground.fixture.target(), taken: ground.taken }
  if (ground.kind === 'stream') {
    const { fixture } = ground
    return property(streamSetup, streamCommand, replayPath, async (setup, commands, begin, ending) => {
      const make = (): StreamWorld => new StreamWorld(fixture, targets, setup)
      const world = await run(make, commands, begin, ending, () => fixture.leftovers?.() ?? [], patience)
      count(tally, world, world.equalStreams)
    })
  }
  const { fixture } = ground
  return property(datagramSetup, datagramCommand, replayPath, async (setup, commands, begin, ending) => {
    const make = (): DatagramWorld => new DatagramWorld(fixture, targets, setup)
    const world = await run(make, commands, begin, ending, () => fixture.leftovers?.() ?? [], patience)
    count(tally, world, world.delivered)
  })
}

export type Sequences = fc.IRawProperty<unknown, true>

type Begin = 'listening' | 'idle'

function property<W extends World, Setup>(
  setup: fc.Arbitrary<Setup>,
  command: fc.Arbitrary<Command<W>>,
  replayPath: string | undefined,
  play: (setup: Setup, commands: Iterable<Command<W>>, begin: Begin, ending: Ending) => Promise<void>,
) {
  return fc.asyncProperty(
    setup,
    fc.commands<W, W, false>([command], {
      maxCommands: MAX_COMMANDS,
      size: 'max',
      ...(replayPath === undefined ? {} : { replayPath }),
    }),
    // Most of what can happen needs a server that listens.
    fc.constantFrom<Begin>('listening', 'listening', 'listening', 'listening', 'idle'),
    fc.constantFrom<Ending>('gently', 'by force'),
    play,
  )
}

async function run<W extends EndingWorld>(
  make: () => W,
  commands: Iterable<Command<W>>,
  begin: Begin,
  ending: Ending,
  leftovers: () => readonly string[],
  patience: number,
): Promise<W> {
  const before = takeInventory(leftovers)
  const world = make()
  try {
    await perform(world, commands, begin, ending, patience)
  } catch (error) {
    // Cleans up; what went wrong first is what counts.
    await within(world.endByForce(), patience, 'the end by force').catch(() => {})
    await world.finish(patience).catch(() => {})
    throw error
  }
  await world.finish(patience)
  await rest('turn')
  await assertNothingLeft(before, leftovers)
  return world
}

async function perform<W extends EndingWorld>(
  world: W,
  commands: Iterable<Command<W>>,
  begin: Begin,
  ending: Ending,
  patience: number,
): Promise<void> {
  if (begin === 'listening') {
    world.subject.listen('free', 'none')
    await rest('turns')
  }
  await fc.asyncModelRun(() => ({ model: world, real: world }), commands)
  if (ending === 'gently') await within(world.endGently(patience), patience, 'the gentle end')
  else await within(world.endByForce(), patience, 'the end by force')
}

async function within(promise: Promise<void>, patience: number, what: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} does not come`)), patience)
  })
  await Promise.race([promise, tooLate]).finally(() => clearTimeout(timer))
}

function count(tally: Tally | undefined, world: World, delivered: number): void {
  if (tally === undefined) return
  tally.sequences += 1
  tally.followed += world.subject.first?.seen ?? 0
  tally.delivered += delivered
}
