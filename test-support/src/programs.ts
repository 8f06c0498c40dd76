import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { transcribe, type Transcript } from '@sock/tools/transcript'
import { later } from './resources.js'
import { until } from './wait.js'

/** How a program ended, and what it printed. */
export interface ToolResult {
  /** The exit code, the signal that ended it, or `ENOENT` if it is not installed. */
  readonly code: number | string
  readonly stdout: string
  readonly stderr: string
}

/** A program in another process, which is ended after the test. Program and test tell each other lines. */
export class Program {
  readonly #process
  #linesHeard = 0
  readonly stdout: Transcript
  readonly stderr: Transcript
  /** Resolves when it has ended and its output is complete. */
  readonly ended: Promise<ToolResult>

  constructor(command: string, args: readonly string[], cwd?: URL) {
    this.#process = spawn(command, args, { cwd })
    this.stdout = transcribe(this.#process.stdout)
    this.stderr = transcribe(this.#process.stderr)
    this.ended = this.#end()
    // It may end before it has read everything.
    this.#process.stdin.on('error', () => {})
    later(() => this.kill())
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** Sends a line to the program. */
  say(line: string | number): void {
    this.#process.stdin.write(`${line}\n`)
  }

  /** Resolves with the next line that the program prints. Rejects if it ends without one. */
  async hear(): Promise<string> {
    const index = this.#linesHeard++
    const line = { exec: (text: string) => text.split('\n').slice(0, -1)[index] ?? null }
    return this.stdout.until(line).catch(async () => {
      const { code, stderr } = await this.ended
      throw new Error(`The program says no more. It ended with ${code}: ${stderr}`)
    })
  }

  /** Ends the input of the program, and waits for its end. */
  end(input: string | Buffer = ''): Promise<ToolResult> {
    this.#process.stdin.end(input)
    return this.ended
  }

  signal(name: NodeJS.Signals): void {
    this.#process.kill(name)
  }

  /** Sends SIGSTOP, and returns when the process has stopped, if the system reports that. SIGCONT continues it. */
  async stop(): Promise<void> {
    this.signal('SIGSTOP')
    if (process.platform !== 'linux') return
    await until(() => readFileSync(`/proc/${this.pid}/stat`, 'utf8').includes(') T '), 'it is stopped')
  }

  /** Sends SIGKILL, which leaves no time to clean up, and waits for the end. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.ended
  }

  async #end(): Promise<ToolResult> {
    const closed = once(this.#process, 'close') as Promise<[number | null, NodeJS.Signals]>
    const code = await closed.then(
      ([exitCode, signal]) => exitCode ?? signal,
      (error: NodeJS.ErrnoException) => String(error.code),
    )
    return { code, stdout: this.stdout.text, stderr: this.stderr.text }
  }
}

/** Runs a program to its end. */
export function runTool(
  command: string,
  args: readonly string[],
  input?: string | Buffer,
): Promise<ToolResult> {
  return new Program(command, args).end(input)
}

/**
 * Runs a program to its end.
 * @returns what it printed
 * @throws Error with what it printed to standard error, unless its exit code is 0
 */
export async function succeed(
  command: string,
  args: readonly string[],
  input?: string | Buffer,
): Promise<string> {
  const { code, stdout, stderr } = await runTool(command, args, input)
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${stderr}`)
  return stdout
}
