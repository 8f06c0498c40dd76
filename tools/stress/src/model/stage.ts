import { startChild, type Child } from '@sock/tools/children'

/** The result of a program. */
export interface Verdict {
  readonly fault?: string
  /** The number of observed connections; of streams that had to arrive whole, and datagrams that arrived. */
  readonly followed: number
  readonly delivered: number
}

/** The functions of a process that plays. */
export interface Player<Program> {
  /** @param patience after this many ms, a missing event counts as one that never comes */
  play(program: Program, patience: number): Promise<Verdict>
}

/** A program that takes longer than this, in ms, counts as hanging. */
const AT_MOST = 60_000
const PATIENCE = 5_000

/** Plays programs in a child process. Starts a new one after a failure. */
export class Stage<Program> {
  readonly #player: URL
  readonly #env: NodeJS.ProcessEnv
  readonly #patience: number
  #child: Child<Player<Program>> | undefined

  constructor(player: URL, env: NodeJS.ProcessEnv = {}, patience = PATIENCE) {
    this.#player = player
    this.#env = env
    this.#patience = patience
  }

  async play(program: Program): Promise<Verdict> {
    const child = (this.#child ??= startChild<Player<Program>>(this.#player, {}, { env: this.#env }))
    const hanging = setTimeout(() => child.kill('SIGKILL'), AT_MOST)
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
