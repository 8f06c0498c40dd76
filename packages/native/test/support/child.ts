import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

interface Surroundings {
  /** The limit of descriptors. */
  readonly descriptors?: number
  /** A command that runs it. */
  readonly under?: readonly string[]
}

/** Runs `programs/<name>.mjs` in a process of its own; it ends by itself. @returns what it printed */
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
