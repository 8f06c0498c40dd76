import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { execa } from 'execa'
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
export async function stop(child: Pick<ChildProcess, 'pid' | 'kill'>): Promise<void> {
  child.kill('SIGSTOP')
  if (process.platform !== 'linux') return
  await until(() => readFileSync(`/proc/${child.pid}/stat`, 'utf8').includes(') T '), 'it is stopped')
}
