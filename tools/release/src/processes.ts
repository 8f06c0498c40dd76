import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'

/** How a program ended, and all that it printed. */
export interface Outcome {
  /** The exit code; 128 + n if signal n ended it, 127 if it could not be started. */
  readonly code: number
  readonly output: string
}

/** Each is the head of a process group of its own, so that whatever it has started can be ended with it. */
const running = new Set<ChildProcess>()
let isOver = false

/** Runs a program to its end. Never rejects: what went wrong is in the outcome. */
export function run(
  command: string,
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<Outcome> {
  if (isOver) return Promise.resolve({ code: 127, output: 'Not started: all is over\n' })
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    running.add(child)
    let output = ''
    const collect = (text: string) => (output += text)
    child.stdout.setEncoding('utf8').on('data', collect)
    child.stderr.setEncoding('utf8').on('data', collect)
    child.on('error', (error) => collect(`${error.message}\n`))
    child.on('close', (code, signal) => {
      running.delete(child)
      resolve({ code: signal === null ? toExitCode(code) : 128 + constants.signals[signal], output })
    })
  })
}

/** libuv's own numbers, below zero, say that there was nothing to start. */
const toExitCode = (code: number | null): number => (code === null || code < 0 ? 127 : code)

/** As {@link run}, and throws with the end of the output unless the exit code is 0. @returns the output */
export async function succeed(
  command: string,
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<string> {
  const { code, output } = await run(command, args, options)
  if (code !== 0) {
    const end = output.trimEnd().split('\n').slice(-25).join('\n')
    throw new Error(`${[command, ...args].join(' ')} ended with ${code}:\n${end}`)
  }
  return output
}

/** Ends everything that still runs, waits until it has gone, and lets nothing more begin. */
export async function endAll(): Promise<void> {
  isOver = true
  const gone = [...running].map((child) => once(child, 'close'))
  for (const { pid } of running) {
    if (pid === undefined) continue
    try {
      process.kill(-pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
  await Promise.all(gone)
}
