import { readFileSync } from 'node:fs'
import type { Address, Server } from '@sock/core'
import { serveParent } from '@sock/tools/children'
import { scenarioOf } from './scenarios.js'

/* The child process of one side of a scenario: the server, or its peers. */

let server: Server | undefined

const functions = {
  async listen(name: string, target: string): Promise<Address> {
    server = await scenarioOf(name).serve()
    return server.listen(target)
  },
  /** Returns the peak memory of this process in RAM, in bytes (VmHWM: proc(5)), and the statistics of its server. */
  look: () => ({
    peak: 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]),
    stats: server?.stats(),
  }),
  close: async () => server?.close(),
  attack: (name: string, address: Address) => scenarioOf(name).attack(address),
}
export type Side = typeof functions
serveParent(functions)
