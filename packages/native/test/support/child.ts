import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

interface Surroundings {
  /** The limit of descriptors. */
  readonly descriptors?: number
  /** A command that runs it. */
  readonly under?: readonly string[]
}

/** Runs `programs/<name>.mjs` in a child process until it ends on its own. @returns its output */
export async function runProgram(
  name: string,
  args: readonly string[] = [],
  { descriptors = 1024, under = [] }: Surroundings = {},
): Promise<unknown> {
  const program = join(import.meta.dirname, 'programs', `${name}.mjs`)
  const limited = ['-c', `ulimit -n ${descriptors}; exec "$@"`, 'sh']
  const { stdout } = await run('sh', [...limited, ...under, process.execPath, program, ...args], {
    timeout: 120_000,
  })
  return JSON.parse(stdout)
}

/** Runs a program like {@link runProgram}, under strace. @returns the system calls of this name, a line each */
export async function traceCalls(call: string, name: string, args: readonly string[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sock-native-'))
  const calls = join(folder, 'calls')
  try {
    await runProgram(name, args, { under: ['strace', '-f', '-qq', '-o', calls, '-e', `trace=${call}`] })
    return readFileSync(calls, 'utf8').split('\n').filter(Boolean)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
