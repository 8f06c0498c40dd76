import { datagramContexts } from '../async-context.js'
import { datagramChannel } from './channel.js'
import { datagramFaults } from './faults.js'
import { datagramServerCallbacks } from './server-callbacks.js'
import { datagramServerHandlers } from './server-handlers.js'
import { datagramServerShutdown } from './server-shutdown.js'
import { datagramServer } from './server.js'
import type { DatagramFixture } from '../stage.js'
import type { Suite } from '../suite.js'

/**
 * Returns the suite that each datagram transport must pass, as cases for any test runner. After each case nothing may
 * be left: no descriptor, handle, timer or socket file.
 *
 * @example
 * registerSuite(datagramConformance(fixture), { describe, it })
 */
export function datagramConformance(fixture: DatagramFixture): Suite {
  return {
    name: fixture.name,
    cases: [],
    suites: [
      datagramChannel,
      datagramServer,
      datagramServerHandlers,
      datagramServerCallbacks,
      datagramServerShutdown,
      datagramContexts,
      datagramFaults,
    ].map((suite) => suite(fixture)),
  }
}
