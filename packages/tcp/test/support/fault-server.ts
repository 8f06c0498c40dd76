import { fileURLToPath } from 'node:url'
import type { StreamEngine, IpAddress, StreamServerStats } from '@sock/core'
import { Program } from '@sock/test-support/programs'

const PROGRAM = fileURLToPath(new URL('fault-server.mjs', import.meta.url))

export interface Report extends StreamServerStats {
  /** How often each code was reported. */
  readonly errors: Readonly<Record<string, number>>
  readonly descriptors: number
}

export interface FaultServer {
  readonly address: IpAddress
  readonly report: () => Promise<Report>
  /** Asks it to exit. @returns the exit code */
  readonly leave: () => Promise<number | string>
}

/** Starts `fault-server.mjs` by way of another program: the last of its arguments are Node, the program and its engine. */
export async function startFaultServer(
  name: string,
  args: readonly string[],
  { engine }: { readonly engine?: StreamEngine } = {},
): Promise<FaultServer> {
  const engines = engine === undefined ? [] : [engine.name]
  const program = new Program(name, [...args, process.execPath, PROGRAM, ...engines])
  const hear = async <T>(): Promise<T> => JSON.parse(await program.hear()) as T
  const address = await hear<IpAddress>()
  return {
    address,
    report() {
      program.say('report')
      return hear<Report>()
    },
    leave: async () => (await program.end()).code,
  }
}
