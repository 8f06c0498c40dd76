import { it } from '@jest/globals'
import { execFile, spawnSync } from 'node:child_process'
import type { UdpEngine } from '../../src/index.js'

const hasStrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0

/** A test in which the system calls of a program fail; where that cannot be done, it is skipped and says so. */
export function itWithStrace(name: string, body: () => Promise<void>): void {
  if (hasStrace) it(name, body)
  else it.skip(`${name} (skipped: strace is not installed, or may not trace)`, body)
}

export interface ProgramOptions {
  /** That of the program's servers and clients: they are made with its `options`. */
  readonly engine?: UdpEngine | undefined
  /** What strace injects: `sendmsg:error=ENOMEM:when=1`. */
  readonly inject?: string
  /** A command that starts the program. */
  readonly under?: readonly string[]
  /** Options of Node. */
  readonly flags?: readonly string[]
}

const ENTRY = new URL('../../dist/index.js', import.meta.url).href

/**
 * Runs a module in a process of its own, without a channel between the processes, whose system calls would count too.
 *
 * @param body has the package at hand as `udp`, what names the engine as `options`, and gives its result to `done`
 */
export function runProgram(
  body: string,
  args: readonly string[],
  { engine, inject, under = [], flags = [] }: ProgramOptions = {},
): Promise<unknown> {
  const text = `
    import * as udp from ${JSON.stringify(ENTRY)}
    const options = ${engine === undefined ? '{}' : "{ engine: (await import('@sock/native')).engine }"}
    const args = process.argv.slice(1)
    const done = (result) => console.log(JSON.stringify(result))
    ${body}`
  const node = [process.execPath, ...flags, '--input-type=module', '-e', text, ...args]
  const syscall = inject?.split(':')[0]
  const tracer =
    inject === undefined
      ? []
      : ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${syscall}`, '-e', `inject=${inject}`]
  const [command = '', ...rest] = [...under, ...tracer, ...node]
  return new Promise((resolve, reject) => {
    const surroundings = { cwd: import.meta.dirname, timeout: 120_000, killSignal: 'SIGKILL' } as const
    execFile(command, rest, surroundings, (error, stdout, stderr) => {
      if (error === null && stderr === '') resolve(JSON.parse(stdout))
      else reject(new Error(`The program failed: ${stderr}`, { cause: error }))
    })
  })
}
