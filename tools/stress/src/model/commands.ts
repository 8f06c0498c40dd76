import fc from 'fast-check'
import { PACES, pass, rest, type Pace } from './pace.js'
import type {
  ListenSignal,
  ListenTarget,
  ObserverAct,
  ObserverKind,
  ShutdownLimit,
  Subject,
} from './subject.js'

/** What commands act upon: a server, and what there is around it. */
export interface World {
  readonly subject: Subject
  /** @throws unless everything is as the model says */
  check(): void
}

export type Command<W extends World> = fc.AsyncCommand<W, W>

/** A command: does something, lets some time pass or none, and looks whether everything is as it should be. */
export function command<W extends World>(
  name: string,
  pace: Pace,
  run: (world: W) => void | Promise<void>,
  isPossible: (world: W) => boolean = () => true,
): Command<W> {
  return {
    check: (world) => isPossible(world),
    async run(world) {
      await run(world)
      world.check()
      await rest(pace)
      world.check()
    },
    toString: () => `${name}${pace === 'at once' ? '' : `; ${pace}`}`,
  }
}

export const pace: fc.Arbitrary<Pace> = fc.constantFrom(...PACES)

const targets: readonly ListenTarget[] = ['free', 'free', 'free', 'free', 'taken', 'malformed']
const signals: readonly ListenSignal[] = ['none', 'none', 'signal', 'aborted signal']
const limits: readonly ShutdownLimit[] = [
  'default',
  'default',
  'none',
  'short',
  'signal',
  'aborted signal',
  'malformed',
]
const kinds: readonly ObserverKind[] = ['state', 'connection', 'error']
const acts: readonly ObserverAct[] = [
  'nothing',
  'throws',
  'rejects',
  'leaves',
  'closes',
  'shuts down',
  'listens',
]

/** What can be done to any server, with how often it should happen. */
export function lifeCommands<W extends World>(): fc.WeightedArbitrary<Command<W>>[] {
  const index = fc.nat({ max: 7 })
  return [
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.constantFrom(...targets), fc.constantFrom(...signals), pace)
        .map(([target, signal, when]) =>
          command<W>(`listen(${target}, ${signal})`, when, ({ subject }) => subject.listen(target, signal)),
        ),
    },
    {
      weight: 1,
      arbitrary: pace.map((when) => command<W>('close()', when, ({ subject }) => void subject.close())),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom(...limits), pace)
        .map(([limit, when]) =>
          command<W>(`shutdown(${limit})`, when, ({ subject }) => void subject.shutdown(limit)),
        ),
    },
    {
      weight: 1,
      arbitrary: pace.map((when) => command<W>('dispose', when, ({ subject }) => subject.dispose())),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(index, pace).map(([which, when]) =>
        command<W>(
          `abort ${which}`,
          when,
          ({ subject }) => subject.abort(which),
          ({ subject }) => subject.signals > 0,
        ),
      ),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom(...kinds), fc.constantFrom(...acts), pace)
        .map(([kind, act, when]) =>
          command<W>(`on(${kind}) that ${act}`, when, ({ subject }) => subject.subscribe(kind, act)),
        ),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(index, pace).map(([which, when]) =>
        command<W>(
          `unsubscribe ${which}`,
          when,
          ({ subject }) => subject.unsubscribe(which),
          ({ subject }) => subject.subscriptions > 0,
        ),
      ),
    },
    {
      weight: 1,
      arbitrary: pace.map((when) =>
        command<W>(
          'wait for closed',
          when,
          ({ subject }) => subject.waitForClosed(),
          ({ subject }) => subject.life.isRunning,
        ),
      ),
    },
    { weight: 3, arbitrary: pace.map((when) => command<W>('wait', when, () => rest('turns'))) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(2, 15).map((ms) => command<W>(`wait ${ms} ms`, 'at once', () => pass(ms))),
    },
  ]
}
