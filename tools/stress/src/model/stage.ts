import { startChild, type Child } from '@sock/tools/children'

/** What a program came to. */
export interface Verdict {
  readonly fault?: string
  /** Connections that were observed; streams that had to arrive whole and datagrams that arrived. */
  readonly followed: number
  readonly delivered: number
}

/** The functions of a process that plays. */
export interface Player<Program> {
  /** @param patience in ms, after which what has not happened never will */
  play(program: Program, patience: number): Promise<Verdict>
}

/** In ms: a program that takes longer counts as one that hangs. */
const AT_MOST = 60_000
const PATIENCE = 5_000

/** Has programs played by a process of their own, and by another one after a failure. */
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
    // After a fault it may be left with anything.
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
