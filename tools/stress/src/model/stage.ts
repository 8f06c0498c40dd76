import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fc from 'fast-check'

/** What a program came to. */
export interface Verdict {
  readonly fault?: string
  readonly followed: number
  readonly delivered: number
}

/** What the process that plays is sent. */
export interface Order<Program> {
  readonly program: Program
  /** ms after which what has not happened never will. */
  readonly patience: number
}

/** ms: whoever plays a program has no more than that for it, before it counts as one that hangs. */
const AT_MOST = 60_000
/** Of what a process says before it ends: what sanitizers have to say is long. */
const LAST_WORDS = 20_000

/** Has programs played by a process of their own, and by another one after a failure. */
export class Stage {
  readonly #player: URL
  readonly #env: NodeJS.ProcessEnv
  #child: ChildProcess | undefined
  #said = ''

  /** @param env what is different in the environment of the process */
  constructor(player: URL, env: NodeJS.ProcessEnv = {}) {
    this.#player = player
    this.#env = env
  }

  async play(order: Order<unknown>): Promise<Verdict> {
    const child = (this.#child ??= await this.#start())
    const verdict = await this.#ask(child, order)
    // It may be left with anything.
    if (verdict.fault !== undefined) await this.close()
    return verdict
  }

  async #start(): Promise<ChildProcess> {
    this.#said = ''
    const child = fork(this.#player, {
      execArgv: [],
      env: { ...process.env, ...this.#env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-LAST_WORDS)
    })
    await Promise.race([once(child, 'message'), once(child, 'exit')])
    return child
  }

  #ask(child: ChildProcess, order: Order<unknown>): Promise<Verdict> {
    return new Promise((resolve) => {
      const over = (verdict: Verdict): void => {
        clearTimeout(timer)
        child.off('message', over).off('close', ended)
        resolve(verdict)
      }
      const failed = (what: string): void =>
        over({ fault: `${what}\n${this.#said}`, followed: 0, delivered: 0 })
      const ended = (code: number | null, signal: string | null): void =>
        failed(`The process has ended: ${signal ?? `exit code ${code}`}`)
      const timer = setTimeout(() => failed('The process hangs'), AT_MOST)
      child.on('message', over).on('close', ended)
      child.send(order, (error) => {
        if (error !== null && child.exitCode === null && child.signalCode === null) failed(error.message)
      })
    })
  }

  async close(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await closed
  }
}

/** Programs that a stage can play, and how a person reads one. */
export interface Repertoire<Program> {
  readonly programs: fc.Arbitrary<Program>
  readonly describe: (program: Program) => string
}

/** Any of these programs, played on this stage. */
export function anyPerformance<Program>(
  stage: Stage,
  { programs, describe }: Repertoire<Program>,
  patience: number,
  tell: (verdict: Verdict) => void,
): fc.IRawProperty<unknown, true> {
  return fc.asyncProperty(programs, async (program) => {
    const verdict = await stage.play({ program, patience })
    if (verdict.fault !== undefined) throw new Error(`${verdict.fault}\n\n${describe(program)}`)
    tell(verdict)
  })
}
