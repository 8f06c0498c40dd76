import fc from 'fast-check'
import { command, lifeCommands, pace, type Command } from './commands.js'
import type { Side } from './side.js'
import { ACTS, FORMS, MOMENTS, type StreamSetup, type StreamWorld } from './stream-world.js'

/** Nothing, a byte (which cuts the header), less and more than the marks there are, and more than sockets take. */
const SIZES = [0, 1, 100, 100, 5_000, 70_000, 400_000] as const

const OPERATIONS = {
  read: (side) => void side.read(1),
  'read 3 times': (side) => void side.read(3),
  'loop over 2 chunks': (side) => void side.loop(2),
  'loop to the end': (side) => void side.loop(Infinity),
  closeRead: (side) => side.closeRead(),
  closeWrite: (side) => side.closeWrite(),
  close: (side) => void side.close(),
  destroy: (side) => side.destroy('plain'),
  'destroy with an error': (side) => side.destroy('with an error'),
  signal: (side) => void side.connection.signal,
} satisfies Record<string, (side: Side) => void>

type Operation = keyof typeof OPERATIONS

const role = fc.constantFrom('clients' as const, 'accepted' as const)
const index = fc.nat({ max: 5 })
const operation = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<Operation>('read', 'read 3 times', 'loop to the end') },
  { weight: 3, arbitrary: fc.constantFrom(...(Object.keys(OPERATIONS) as Operation[])) },
)

function onSide(who: 'clients' | 'accepted', which: number, run: (side: Side) => void) {
  return (world: StreamWorld): void => {
    const sides = world[who]
    const side = sides[which % sides.length]
    if (side !== undefined) run(side)
  }
}

/** Everything that can be done to a stream server and its clients. */
export const streamCommand: fc.Arbitrary<Command<StreamWorld>> = fc.oneof(
  ...lifeCommands<StreamWorld>(),
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.integer({ min: 1, max: 2 }), fc.nat({ max: 9 }), pace)
      .map(([many, luck, when]) => {
        const isAborted = luck === 0
        return command<StreamWorld>(
          `connect ${many}${isAborted ? ', and abort' : ''}`,
          when,
          (world) => {
            for (let each = 0; each < many; each++) world.connect(isAborted)
          },
          (world) => world.subject.address !== undefined,
        )
      }),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(role, index, fc.constantFrom(...SIZES), pace).map(([who, which, size, when]) =>
      command<StreamWorld>(
        `${who} ${which}: write ${size}`,
        when,
        onSide(who, which, (side) => side.write(size)),
        (world) => world[who].length > 0,
      ),
    ),
  },
  {
    weight: 9,
    arbitrary: fc
      .tuple(role, index, operation, pace)
      .map(([who, which, what, when]) =>
        command<StreamWorld>(
          `${who} ${which}: ${what}`,
          when,
          onSide(who, which, OPERATIONS[what]),
          (world) => world[who].length > 0,
        ),
      ),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(index, fc.constantFrom('done' as const, 'done' as const, 'fails' as const), pace)
      .map(([which, how, when]) =>
        command<StreamWorld>(
          `handler ${which} ${how}`,
          when,
          (world) => world.finishTask(which, how),
          (world) => world.tasks.length > 0,
        ),
      ),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...MOMENTS), fc.constantFrom(...ACTS), pace)
      .map(([moment, act, when]) =>
        command<StreamWorld>(`the next "${moment}" ${act}`, when, (world) => world.plan(moment, act)),
      ),
  },
)

export const streamSetup: fc.Arbitrary<StreamSetup> = fc.record({
  form: fc.constantFrom(...FORMS),
  isWatched: fc.nat({ max: 3 }).map((luck) => luck > 0),
  options: fc.record({
    drainIdle: fc.constantFrom(0, 500),
    highWaterMark: fc.constantFrom(1_000, 65_536),
    maxConnections: fc.constantFrom(Infinity, Infinity, 2),
    idleTimeout: fc.constantFrom(0, 0, 0, 20),
  }),
})
