import { execFile, spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
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
  const child = startTool(name, args)
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  child.stdin.end(input)
  try {
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, stdout: `${Buffer.concat(out)}`, stderr: `${Buffer.concat(err)}` }
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined
    throw error
  }
}

/** SIGSTOP: returns when the process does nothing more, where the system tells. SIGCONT lets it go on. */
export async function stop(child: ChildProcess): Promise<void> {
  child.kill('SIGSTOP')
  if (process.platform !== 'linux') return
  await until(() => readFileSync(`/proc/${child.pid}/stat`, 'utf8').includes(') T '), 'it is stopped')
}

export interface ModuleOptions {
  /** That of the module's servers and clients: they are made with its `options`. */
  readonly engine?: object | undefined
  /** What strace injects: `sendmsg:error=ENOMEM:when=1`. */
  readonly inject?: string
  /** A command that starts the module. */
  readonly under?: readonly string[]
  /** Options of Node. */
  readonly flags?: readonly string[]
}

/** Runs the text of a module in a process of its own. */
export type RunModule = (body: string, args: readonly string[], options?: ModuleOptions) => Promise<unknown>

/**
 * Makes what runs modules that use a package. There is no channel between the processes: its system calls would count too.
 *
 * @param name what a module calls the package, whose entry point is the file `entry`. It also has `args`, `options`, which
 * name the engine, and `done`, to which it gives its result
 */
export function moduleRunner(name: string, entry: URL): RunModule {
  return (body, args, { engine, inject, under = [], flags = [] } = {}) => {
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
    return new Promise((resolve, reject) => {
      // Where the module's own imports are looked up: in the package.
      const surroundings = { cwd: new URL('.', entry), timeout: 120_000, killSignal: 'SIGKILL' } as const
      execFile(command, rest, surroundings, (error, stdout, stderr) => {
        if (error === null && stderr === '') resolve(JSON.parse(stdout))
        else reject(new Error(`The program failed: ${stderr}`, { cause: error }))
      })
    })
  }
}
