import { readFileSync } from 'node:fs'
import type { Address, ServerStats, Server } from '@sock/core'
import { serveParent } from '@sock/tools/children'
import { scenarios } from './scenarios.js'

/* One side of a scenario, in a process of its own: the server, or its peers. */

export interface Side {
  listen(name: string, target: string): Promise<Address>
  /** The most memory that this process ever had in RAM, in bytes, and the numbers of its server. */
  look(): { readonly peak: number; readonly stats: ServerStats | undefined }
  close(): Promise<void>
  attack(name: string, address: Address): Promise<void>
}

let server: Server | undefined

serveParent({
  async listen(name, target) {
    server = await scenarioOf(name).serve()
    return server.listen(target)
  },
  // VmHWM: proc(5).
  look: () => ({
    peak: 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]),
    stats: server?.stats(),
  }),
  close: async () => server?.close(),
  attack: (name, address) => scenarioOf(name).attack(address),
} satisfies Side)

function scenarioOf(name: string) {
  const scenario = scenarios[name]
  if (scenario === undefined) throw new Error(`Cannot find scenario "${name}"`)
  return scenario
}
