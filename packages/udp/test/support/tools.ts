import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { later } from './resources.js'

export interface ToolResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Whether a program is installed; tests that need it say visibly that they were skipped. */
export function hasTool(name: string): boolean {
  const found = spawnSync('sh', ['-c', `command -v ${name}`]).status === 0
  if (!found) console.warn(`${name} is not installed: its tests are skipped`)
  return found
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
