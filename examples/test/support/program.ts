import { expect } from '@jest/globals'
import { Program } from '@sock/test-support/programs'
import { fileURLToPath } from 'node:url'

/** An example, running as a child. */
export interface Example extends Pick<Program, 'pid' | 'stdout' | 'stderr'> {
  kill(signal: NodeJS.Signals): void
  /** Where it listens, as it prints. */
  address(transport: string): Promise<string>
  /** Sends SIGTERM, and checks that the program exits with 0 and prints no error. */
  stop(): Promise<void>
  /** Resolves with the exit code. */
  readonly ended: Promise<number | string>
}

/** Starts the built `src/<name>.ts`, and ends it after the test. */
export function startExample(name: string, ...args: readonly string[]): Example {
  const path = fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url))
  const program = new Program(process.execPath, [path, ...args])
  const { pid, stdout, stderr } = program
  return {
    pid,
    stdout,
    stderr,
    ended: program.ended.then(({ code }) => code),
    kill: (signal) => program.signal(signal),
    async address(transport) {
      const [, address = ''] = await stdout.until(new RegExp(`^Listening on ${transport} (\\S+)`, 'm'))
      return address
    },
    async stop() {
      program.signal('SIGTERM')
      expect(await program.ended).toMatchObject({ code: 0, stderr: '' })
      expect(stdout.text).toMatch(/^Closed /m)
    },
  }
}

/** `127.0.0.1:8080` in parts. */
export function parts(address: string): { host: string; port: number } {
  const [host = '', port] = address.split(':')
  return { host, port: Number(port) }
}
