import { constants } from 'node:os'
import { execa, type ResultPromise } from 'execa'
import { transcribe } from './transcript.js'

/** How a program ended, and everything that it printed. */
export interface Outcome {
  /** The exit code. 128 + n if signal n ended the program, 127 if it could not be started. */
  readonly code: number
  /** Standard output and standard error, in the order of printing. */
  readonly output: string
}

export interface RunOptions {
  readonly cwd?: string | undefined
  /** The whole environment. Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv | undefined
  /** Also shows the output while the program runs. Default: false. */
  readonly show?: boolean | undefined
}

/** A program that runs. */
export interface Program {
  readonly pid: number | undefined
  /** The output so far. */
  readonly output: string
  /** Resolves when it has ended and its output is complete. Never rejects. */
  readonly ended: Promise<Outcome>
  /** Resolves when the output matches. Rejects with the output if the program ends first. */
  until(pattern: RegExp): Promise<void>
  /** Sends a signal to the program, and to all programs that it has started. */
  kill(signal?: NodeJS.Signals): void
}

interface Running {
  readonly kill: (signal: NodeJS.Signals) => void
  readonly ended: Promise<unknown>
}

const running = new Set<Running>()
let isOver = false

/**
 * Starts a program in its own process group, so that the programs it starts can be ended with it.
 * @throws Error after {@link endAll}
 */
export function start(command: string, args: readonly string[], options: RunOptions = {}): Program {
  checkMayStart()
  const { cwd, env = process.env, show = false } = options
  const stdio = show ? (['pipe', 'inherit'] as const) : 'pipe'
  const child = execa(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env,
    extendEnv: false,
    all: true,
    buffer: false,
    detached: true,
    reject: false,
    stdin: 'ignore',
    stdout: stdio,
    stderr: stdio,
  }) as unknown as ResultPromise<{ all: true; reject: false; buffer: false }>
  const printed = transcribe(child.all)
  const kill = (name: NodeJS.Signals = 'SIGTERM'): void => killGroup(child.pid, name)
  const ended = child.then(({ exitCode = 127, signal, shortMessage }) => {
    const output = child.pid === undefined ? `${shortMessage}\n` : printed.text
    return { code: signal === undefined ? exitCode : 128 + constants.signals[signal], output }
  })
  endWithAll({ kill, ended })
  return {
    pid: child.pid,
    get output() {
      return printed.text
    },
    ended,
    kill,
    async until(pattern) {
      await printed.until(pattern).catch(async () => {
        throw new Error(`The program ended before it printed ${pattern}:\n${(await ended).output}`)
      })
    },
  }
}

/** Runs a program to its end. The outcome says whether it failed; rejects only after {@link endAll}. */
export async function run(command: string, args: readonly string[], options?: RunOptions): Promise<Outcome> {
  return start(command, args, options).ended
}

/**
 * Runs a program to its end.
 * @returns what it printed
 * @throws Error with the last lines of the output, unless the exit code is 0
 */
export async function succeed(
  command: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<string> {
  const { code, output } = await run(command, args, options)
  if (code === 0) return output
  const end = output.trimEnd().split('\n').slice(-25).join('\n')
  throw new Error(`${[command, ...args].join(' ')} ended with ${code}:\n${end}`)
}

/** Ends all running programs, waits for their ends, and prevents new ones from starting. */
export async function endAll(): Promise<void> {
  isOver = true
  const all = [...running]
  for (const { kill } of all) kill('SIGKILL')
  await Promise.all(all.map(({ ended }) => ended))
}

/** Makes {@link endAll} end this process, too. */
export function endWithAll(entry: Running): void {
  running.add(entry)
  void entry.ended.then(() => running.delete(entry))
}

/** @throws Error after {@link endAll} */
export function checkMayStart(): void {
  if (isOver) throw new Error('Not started: the run is over')
}

// The terminal sends Ctrl-C only to its own process group: programs in other groups would keep running.
process.on('exit', () => {
  for (const { kill } of running) kill('SIGKILL')
})

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
