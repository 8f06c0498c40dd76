import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { execa } from 'execa'
import type { Child } from '../children.js'
import { later } from './resources.js'
import { until } from './wait.js'

/** How a program ended, and what it printed. */
export interface ToolResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Starts a program that is ended after the test. */
export function startTool(name: string, args: readonly string[]): ChildProcessWithoutNullStreams {
  const child = spawn(name, args)
  later(() => child.kill('SIGKILL'))
  child.stdin.on('error', () => {})
  return child
}

/** Runs a program to its end; `undefined` if it is not installed. */
export async function runTool(
  name: string,
  args: readonly string[],
  input: string | Buffer = '',
): Promise<ToolResult | undefined> {
  const child = execa(name, args, { input, reject: false, stripFinalNewline: false })
  later(() => child.kill('SIGKILL'))
  const { code, exitCode = null, stdout, stderr } = await child
  return code === 'ENOENT' ? undefined : { code: exitCode, stdout, stderr }
}

/** Sends SIGSTOP, and returns when the process has stopped, if the system reports that. SIGCONT continues it. */
export async function stop(child: Pick<ChildProcess, 'pid'> & Pick<Child<object>, 'kill'>): Promise<void> {
  child.kill('SIGSTOP')
  if (process.platform !== 'linux') return
  await until(() => readFileSync(`/proc/${child.pid}/stat`, 'utf8').includes(') T '), 'it is stopped')
}

export interface ModuleOptions {
  /** The engine of the module's servers and clients, which pass on `options`. */
  readonly engine?: object | undefined
  /** The fault that strace injects, such as `sendmsg:error=ENOMEM:when=1`. */
  readonly inject?: string
  /** A command that starts the module. */
  readonly under?: readonly string[]
  /** Options of Node. */
  readonly flags?: readonly string[]
}

/** Runs the text of a module in a process of its own. */
export type RunModule = (body: string, args: readonly string[], options?: ModuleOptions) => Promise<unknown>

/**
 * Returns a function that runs the text of a module in another process. There is no IPC channel between the processes, because
 * its system calls would count too.
 *
 * @param name the name under which the module can use the package at `entry`. The module can also use `args`, `options` (the
 * engine), and `done(result)`
 */
export function moduleRunner(name: string, entry: URL): RunModule {
  return async (body, args, { engine, inject, under = [], flags = [] } = {}) => {
    const text = `
      import * as ${name} from ${JSON.stringify(entry.href)}
      const options = ${engine === undefined ? '{}' : "{ engine: (await import('@sock/native')).engine }"}
      const args = process.argv.slice(1)
      const done = (result) => console.log(JSON.stringify(result))
      ${body}`
    const node = [process.execPath, ...flags, '--input-type=module', '-e', text, ...args]
    const trace = `trace=${inject?.split(':')[0]}`
    const tracer = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', trace, '-e', `inject=${inject}`]
    const [command = '', ...rest] = [...under, ...(inject === undefined ? [] : tracer), ...node]
    // The module's imports are resolved from the package.
    const surroundings = { cwd: new URL('.', entry), timeout: 120_000, killSignal: 'SIGKILL' } as const
    const outcome = await execa(command, rest, { ...surroundings, reject: false })
    if (!outcome.failed && outcome.stderr === '') return JSON.parse(outcome.stdout) as unknown
    throw new Error(`The program failed: ${outcome.stderr}`, { cause: outcome })
  }
}
