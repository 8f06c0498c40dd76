import fc from 'fast-check'
import { command, lifeCommands, pace, type Command } from './commands.js'
import { ACTS, FORMS, MOMENTS, type DatagramSetup, type DatagramWorld } from './datagram-world.js'

/** Bytes beside the header; even many of the largest fit every buffer on the way. */
const SIZES = [0, 1, 100, 2_000] as const

const index = fc.nat({ max: 5 })
const size = fc.constantFrom(...SIZES)
const hasClients = (world: DatagramWorld): boolean => world.clients.length > 0

/** Everything that can be done to a datagram server and its clients. */
export const datagramCommand: fc.Arbitrary<Command<DatagramWorld>> = fc.oneof(
  ...lifeCommands<DatagramWorld>(),
  {
    weight: 5,
    arbitrary: fc.tuple(fc.nat({ max: 9 }), pace).map(([luck, when]) =>
      command<DatagramWorld>(
        `connect${luck === 0 ? ', and abort' : ''}`,
        when,
        (world) => world.connect(luck === 0),
        (world) => world.subject.address !== undefined,
      ),
    ),
  },
  {
    weight: 10,
    arbitrary: fc.tuple(index, size, fc.integer({ min: 1, max: 3 }), pace).map(([which, bytes, many, when]) =>
      command<DatagramWorld>(
        `client ${which}: ${many} requests of ${bytes}`,
        when,
        (world) => {
          for (let each = 0; each < many; each++) world.request(which, bytes)
        },
        hasClients,
      ),
    ),
  },
  {
    weight: 5,
    arbitrary: fc
      .tuple(index, pace)
      .map(([which, when]) =>
        command<DatagramWorld>(`client ${which}: read`, when, (world) => world.read(which), hasClients),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(index, pace)
      .map(([which, when]) =>
        command<DatagramWorld>(
          `client ${which}: close`,
          when,
          (world) => world.closeClient(which),
          hasClients,
        ),
      ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(index, size, pace).map(([which, bytes, when]) =>
      command<DatagramWorld>(
        `answer held ${which}`,
        when,
        (world) => world.answerHeld(which, bytes),
        (world) => world.held.length > 0,
      ),
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(index, fc.constantFrom('done' as const, 'done' as const, 'fails' as const), pace)
      .map(([which, how, when]) =>
        command<DatagramWorld>(
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
        command<DatagramWorld>(`the next "${moment}" ${act}`, when, (world) => world.plan(moment, act)),
      ),
  },
)

export const datagramSetup: fc.Arbitrary<DatagramSetup> = fc.record({
  form: fc.constantFrom(...FORMS),
  isWatched: fc.nat({ max: 3 }).map((luck) => luck > 0),
})
