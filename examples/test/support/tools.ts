import { it } from '@jest/globals'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { transcribe } from './transcript.js'

/** No counterpart needs that long. */
const TIMEOUT = 120_000

/** `it`, or `it.skip` where `command` is not installed. */
export function itWith(command: string): typeof it.skip {
  const { error } = spawnSync(command, ['--version'], { stdio: 'ignore' })
  return error === undefined ? it : it.skip
}

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end, with `input` as its standard input. */
export async function run(
  command: string,
  args: readonly string[],
  { input = '', cwd }: { input?: string; cwd?: URL } = {},
): Promise<Ran> {
  const child = spawn(command, args, { timeout: TIMEOUT, killSignal: 'SIGKILL', cwd })
  const stdout = transcribe(child.stdout)
  const stderr = transcribe(child.stderr)
  // Some leave without having read it.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout: stdout.text, stderr: stderr.text }
}
