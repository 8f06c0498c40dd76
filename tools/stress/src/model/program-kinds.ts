import { inspect } from 'node:util'
import { startChild, type Child } from '@sock/tools/children'
import { TRANSPORTS, type TransportName } from '@sock/tools/transports'
import fc from 'fast-check'
import { isAvailable, type EngineName } from '../world/means.js'
import { anyFrameProgram, type FrameProgram } from '../frames/program.js'
import type { Verdict } from './player.js'
import { anyProgram, type Program } from './program.js'

const NATIVE = TRANSPORTS.filter((name) => name !== 'tls').map((name) => `${name}-native` as const)
const CROWDS = ['crowd', 'crowd-native', 'crowd-reuse'] as const
const FRAMES = ['frames', 'frames-native', 'frames-reuse'] as const
export const NAMES = [...TRANSPORTS, ...NATIVE, 'tcp-reuse', 'unix-reuse', ...CROWDS, ...FRAMES] as const
export type Name = (typeof NAMES)[number]

/** In ms, for making a failing program shorter: a rare failure could take for ever. */
const MAX_SHRINK_TIME = 300_000
/** In ms. After this, an event counts as missing. Clients wait less for datagrams. */
const PATIENCE = 15_000
/**
 * The built programs, since another process cannot run TypeScript; and a time in ms: what takes longer hangs, as even a busy
 * machine needs much less.
 */
const PLAYERS = {
  model: { path: new URL('../../dist/model/player.js', import.meta.url), hangTime: 300_000 },
  frames: { path: new URL('../../dist/frames/player.js', import.meta.url), hangTime: 90_000 },
}

/** What both kinds of player do. */
interface Player {
  play(program: Program | FrameProgram, patience: number): Verdict
}

/** One kind of program, as `--transport` names it, and the process that plays such programs. */
export class ProgramKind {
  readonly name: Name
  readonly #engine: EngineName
  readonly #player: (typeof PLAYERS)[keyof typeof PLAYERS]
  readonly #programs: fc.Arbitrary<Program | FrameProgram>
  readonly #patience: number
  readonly #env: NodeJS.ProcessEnv
  #child: Child<Player> | undefined

  constructor(name: Name, patience = PATIENCE, env: NodeJS.ProcessEnv = {}) {
    const [what, engine = 'node'] = name.split('-') as [TransportName | 'crowd' | 'frames', EngineName?]
    this.name = name
    this.#engine = engine
    this.#player = what === 'frames' ? PLAYERS.frames : PLAYERS.model
    if (what === 'frames') this.#programs = anyFrameProgram(engine)
    else this.#programs = anyProgram(engine, what === 'crowd' ? undefined : [what])
    this.#patience = patience
    this.#env = env
  }

  get isAvailable(): boolean {
    return isAvailable(this.#engine)
  }

  /**
   * Plays random programs.
   *
   * @param which parameters of fast-check; with a `path`, the program that failed
   * @param played is called after each program that passes
   * @returns the shortest program that fails, and how to repeat it; `undefined` if none fails
   */
  async play(
    which: Pick<fc.Parameters, 'seed' | 'numRuns' | 'path' | 'endOnFailure'>,
    played?: (verdict: Verdict) => void,
  ): Promise<string | undefined> {
    const holds = fc.asyncProperty(this.#programs, async (program: Program | FrameProgram) => {
      const verdict = await this.#perform(program)
      const { fault } = verdict
      if (fault !== undefined)
        throw new Error(`${fault}\n\n${inspect(program, { depth: 8, breakLength: 120, compact: 4 })}`)
      played?.(verdict)
    })
    const plugins = [fc.interruptAfterTimeLimit(MAX_SHRINK_TIME)]
    const details = await fc.check(holds, { endOnFailure: which.path !== undefined, plugins, ...which })
    if (!details.failed) return undefined
    const again = `--transport ${this.name} --seed ${details.seed} --path ${details.counterexamplePath}`
    return `${String((details.errorInstance as Error | null)?.message)}\n\nTo play it again: npm run model -- ${again}`
  }

  async #perform(program: Program | FrameProgram): Promise<Verdict> {
    const child = (this.#child ??= startChild<Player>(this.#player.path, { env: this.#env }))
    const hanging = setTimeout(() => child.kill('SIGKILL'), this.#player.hangTime)
    const failed = (error: Error): Verdict => ({ fault: error.message, followed: 0, delivered: 0 })
    const verdict = await child.call.play(program, this.#patience).catch(failed)
    clearTimeout(hanging)
    // After a fault, the process may be in any state.
    if (verdict.fault !== undefined) await this.close()
    return verdict
  }

  async close(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    child?.kill('SIGKILL')
    await child?.ended
  }
}
