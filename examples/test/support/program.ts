import { expect } from '@jest/globals'
import { startTool } from '@sock/tools/testing/programs'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { transcribe, type Transcript } from './transcript.js'

/** An example, running as a child. */
export interface Program {
  readonly pid: number
  readonly stdout: Transcript
  readonly stderr: Transcript
  kill(signal: NodeJS.Signals): void
  /** Where it listens, as it prints. */
  address(transport: string): Promise<string>
  /** Sends SIGTERM, and checks that the program exits with 0 and prints no error. */
  stop(): Promise<void>
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>
}

/** Starts the built `src/<name>.ts`, and ends it after the test. */
export function startExample(name: string, ...args: readonly string[]): Program {
  const path = fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url))
  const child = startTool(process.execPath, [path, ...args])
  const stdout = transcribe(child.stdout)
  const stderr = transcribe(child.stderr)
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return {
    pid: child.pid as number,
    stdout,
    stderr,
    ended,
    kill: (signal) => void child.kill(signal),
    async address(transport) {
      const [, address = ''] = await stdout.until(new RegExp(`^Listening on ${transport} (\\S+)`, 'm'))
      return address
    },
    async stop() {
      child.kill('SIGTERM')
      const code = await ended
      expect(stderr.text).toBe('')
      expect(code).toBe(0)
      expect(stdout.text).toMatch(/^Closed /m)
    },
  }
}

/** `127.0.0.1:8080` in parts. */
export function parts(address: string): { host: string; port: number } {
  const [host = '', port] = address.split(':')
  return { host, port: Number(port) }
}
