import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Runs `programs/<name>.mjs` in a process of its own, under a limit of descriptors; it ends by itself. @returns what it printed */
export async function runProgram(
  name: string,
  args: readonly string[] = [],
  descriptors = 1024,
): Promise<unknown> {
  const program = join(import.meta.dirname, 'programs', `${name}.mjs`)
  const command = `ulimit -n ${descriptors}; exec "$0" "$@"`
  const { stdout } = await run('sh', ['-c', command, process.execPath, program, ...args], { timeout: 12_000 })
  return JSON.parse(stdout)
}
