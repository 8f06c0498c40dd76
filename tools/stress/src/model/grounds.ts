import { TRANSPORTS, type TransportName } from '@sock/tools/transports'
import type fc from 'fast-check'
import { isAvailable, type EngineName } from '../world/means.js'
import { anyCluster, describeCluster } from './cluster-program.js'
import { anyProgram, describeProgram } from './program.js'
import { Stage, type Verdict } from './stage.js'

const NATIVE = TRANSPORTS.filter((name) => name !== 'tls').map((name) => `${name}-native` as const)
export const NAMES = [...TRANSPORTS, ...NATIVE, 'crowd', 'crowd-native', 'cluster'] as const
export type Name = (typeof NAMES)[number]

/** A kind of programs, and the process that plays them. */
export interface Ground {
  readonly name: Name
  /** That any of these programs comes to its end without a fault. */
  property(tell: (verdict: Verdict) => void): fc.IRawProperty<unknown, true>
  close(): Promise<void>
}

/** The programs that the build makes: another process can run nothing else. */
const CROWD = new URL('../../dist/model/player.js', import.meta.url)
const CLUSTER = new URL('../../dist/model/cluster.js', import.meta.url)

/** @returns `undefined` where the native engine is not available */
export function createGround(name: Name): Ground | undefined {
  if (name === 'cluster') return perform(name, CLUSTER, anyCluster, describeCluster)
  const [what, native] = name.split('-') as [TransportName | 'crowd', string?]
  const engine: EngineName = native === undefined ? 'node' : 'native'
  if (!isAvailable(engine)) return undefined
  return perform(name, CROWD, anyProgram(engine, what === 'crowd' ? undefined : [what]), describeProgram)
}

function perform<P>(
  name: Name,
  player: URL,
  programs: fc.Arbitrary<P>,
  describe: (one: P) => string,
): Ground {
  const stage = new Stage<P>(player)
  return { name, property: (tell) => stage.property(programs, describe, tell), close: () => stage.close() }
}
