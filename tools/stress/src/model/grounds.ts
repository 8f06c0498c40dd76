import { inspect } from 'node:util'
import { TRANSPORTS, type TransportName } from '@sock/tools/transports'
import fc from 'fast-check'
import { isAvailable, type EngineName } from '../world/means.js'
import { anyCluster, anyProgram } from './program.js'
import { Stage, type Verdict } from './stage.js'

const NATIVE = TRANSPORTS.filter((name) => name !== 'tls').map((name) => `${name}-native` as const)
export const NAMES = [...TRANSPORTS, ...NATIVE, 'crowd', 'crowd-native', 'cluster'] as const
export type Name = (typeof NAMES)[number]

/** A kind of program, and the process that plays it. */
export interface Ground {
  readonly name: Name
  /**
   * Plays random programs.
   *
   * @param which parameters of fast-check; with a `path`, the program that failed
   * @param played is called after each program that passes
   * @returns the shortest program that fails, and how to repeat it; `undefined` if none fails
   */
  play(
    which: Pick<fc.Parameters, 'seed' | 'numRuns' | 'path'>,
    played?: (verdict: Verdict) => void,
  ): Promise<string | undefined>
  close(): Promise<void>
}

/** The limit in ms for a batch of programs, and for shortening one that fails: shortening a rare failure could take for ever. */
const AT_MOST = 300_000
/** The built programs: another process cannot run TypeScript. */
const CROWD = new URL('../../dist/model/player.js', import.meta.url)
const CLUSTER = new URL('../../dist/model/cluster.js', import.meta.url)

/** @returns `undefined` if the native engine is not available */
export function createGround(name: Name): Ground | undefined {
  if (name === 'cluster') return groundOf(name, new Stage(CLUSTER), anyCluster)
  const [what, native] = name.split('-') as [TransportName | 'crowd', string?]
  const engine: EngineName = native === undefined ? 'node' : 'native'
  if (!isAvailable(engine)) return undefined
  return groundOf(name, new Stage(CROWD), anyProgram(engine, what === 'crowd' ? undefined : [what]))
}

export function groundOf<P>(name: Name, stage: Stage<P>, programs: fc.Arbitrary<P>): Ground {
  const play: Ground['play'] = async (which, played) => {
    const holds = fc.asyncProperty(programs, async (program) => {
      const verdict = await stage.play(program)
      const { fault } = verdict
      if (fault !== undefined)
        throw new Error(`${fault}\n\n${inspect(program, { depth: 5, breakLength: 120, compact: 4 })}`)
      played?.(verdict)
    })
    const plugins = [fc.interruptAfterTimeLimit(AT_MOST)]
    const details = await fc.check(holds, { ...which, endOnFailure: which.path !== undefined, plugins })
    if (!details.failed) return undefined
    const again = `--transport ${name} --seed ${details.seed} --path ${details.counterexamplePath}`
    return `${String((details.errorInstance as Error | null)?.message)}\n\nTo play it again: npm run model -- ${again}`
  }
  return { name, play, close: () => stage.close() }
}
