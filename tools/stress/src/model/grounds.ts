import { TRANSPORTS, type TransportName } from '@sock/tools/transports'
import fc from 'fast-check'
import { isAvailable, type EngineName } from '../world/means.js'
import { anyCluster, anyProgram, describeCluster, describeProgram } from './program.js'
import { Stage } from './stage.js'

const NATIVE = TRANSPORTS.filter((name) => name !== 'tls').map((name) => `${name}-native` as const)
export const NAMES = [...TRANSPORTS, ...NATIVE, 'crowd', 'crowd-native', 'cluster'] as const
export type Name = (typeof NAMES)[number]

/** What was compared, so that a model that sees nothing does not pass for one that finds nothing. */
export interface Tally {
  sequences: number
  followed: number
  delivered: number
}

/** Of a failure: how to find it again. */
export interface Which {
  readonly seed: number
  readonly numRuns: number
  readonly path?: string
}

/** A kind of programs, and the process that plays them. */
export interface Ground {
  readonly name: Name
  /** Plays random programs. @returns the shortest that fails and how to play it again; `undefined` if none does */
  play(tally: Tally, which: Which): Promise<string | undefined>
  close(): Promise<void>
}

/** In ms, for some programs and for making shorter the one that fails: what fails only now and then would take for ever. */
const AT_MOST = 300_000
/** The programs that the build makes: another process can run nothing else. */
const CROWD = new URL('../../dist/model/player.js', import.meta.url)
const CLUSTER = new URL('../../dist/model/cluster.js', import.meta.url)

/** @returns `undefined` where the native engine is not available */
export function createGround(name: Name): Ground | undefined {
  if (name === 'cluster') return perform(name, new Stage(CLUSTER), anyCluster, describeCluster)
  const [what, native] = name.split('-') as [TransportName | 'crowd', string?]
  const engine: EngineName = native === undefined ? 'node' : 'native'
  if (!isAvailable(engine)) return undefined
  const programs = anyProgram(engine, what === 'crowd' ? undefined : [what])
  return perform(name, new Stage(CROWD), programs, describeProgram)
}

export function perform<P>(
  name: Name,
  stage: Stage<P>,
  programs: fc.Arbitrary<P>,
  describe: (program: P) => string,
): Ground {
  const play: Ground['play'] = async (tally, which) => {
    const holds = fc.asyncProperty(programs, async (program) => {
      const { fault, followed, delivered } = await stage.play(program)
      if (fault !== undefined) throw new Error(`${fault}\n\n${describe(program)}`)
      tally.sequences += 1
      tally.followed += followed
      tally.delivered += delivered
    })
    const plugins = [fc.interruptAfterTimeLimit(AT_MOST)]
    const details = await fc.check(holds, { ...which, endOnFailure: which.path !== undefined, plugins })
    if (!details.failed) return undefined
    const again = `--transport ${name} --seed ${details.seed} --path ${details.counterexamplePath}`
    return `${String((details.errorInstance as Error | null)?.message)}\n\nTo play it again: npm run model -- ${again}`
  }
  return { name, play, close: () => stage.close() }
}
