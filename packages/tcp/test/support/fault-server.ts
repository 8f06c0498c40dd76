import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { StreamEngine, IpAddress, StreamServerStats } from '@sock/core'
import { startTool } from '@sock/tools/testing/programs'

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
  readonly leave: () => Promise<number | null>
}

/** Starts `fault-server.mjs` by way of another program: the last of its arguments are Node, the program and its engine. */
export async function startFaultServer(
  name: string,
  args: readonly string[],
  { engine }: { readonly engine?: StreamEngine } = {},
): Promise<FaultServer> {
  const child = startTool(name, [
    ...args,
    process.execPath,
    PROGRAM,
    ...(engine === undefined ? [] : [engine.name]),
  ])
  const trouble: Buffer[] = []
  child.stderr.on('data', (chunk: Buffer) => trouble.push(chunk))
  const exited = once(child, 'close').then(([code]) => code as number | null)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const hear = async <T>(): Promise<T> => {
    const { value, done } = (await lines.next()) as { value: string; done?: boolean }
    if (done === true) throw new Error(`The server has ended early: ${Buffer.concat(trouble)}`)
    return JSON.parse(value) as T
  }
  const address = await hear<IpAddress>()
  return {
    address,
    report() {
      child.stdin.write('report\n')
      return hear<Report>()
    },
    leave() {
      child.stdin.end()
      return exited
    },
  }
}
