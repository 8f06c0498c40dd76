import { streamContexts } from '../async-context.js'
import { clients } from './clients.js'
import { faultsOfEnding } from './faults-of-ending.js'
import { faultsOfHandlers } from './faults-of-handlers.js'
import { faultsOfPeers } from './faults-of-peers.js'
import { faultsOfTime } from './faults-of-time.js'
import { halfClose } from './half-close.js'
import { relaying } from './relaying.js'
import { serverHandlers } from './server-handlers.js'
import { serverLife } from './server-life.js'
import { serverLimits } from './server-limits.js'
import { serverObservation } from './server-observation.js'
import { serverShutdown } from './server-shutdown.js'
import { serverTimeOuts } from './server-time-outs.js'
import { sockets } from './sockets.js'
import type { StreamFixture } from '../stage.js'
import type { Suite } from '../suite.js'

/**
 * Returns the suite that each stream transport must pass, as cases for any test runner. After each case nothing may
 * be left: no descriptor, handle, timer or socket file. The first suite is nested: half-close includes both
 * directions together, which includes one direction.
 *
 * @example
 * registerSuite(streamConformance(fixture), { describe, it })
 */
export function streamConformance(fixture: StreamFixture): Suite {
  const parts = [
    halfClose,
    serverLife,
    serverObservation,
    serverHandlers,
    serverLimits,
    serverTimeOuts,
    serverShutdown,
    streamContexts,
    clients,
    faultsOfPeers,
    faultsOfHandlers,
    faultsOfTime,
    faultsOfEnding,
    relaying,
    ...(fixture.lacks?.includes('sockets') ? [] : [sockets]),
  ]
  return { name: fixture.name, cases: [], suites: parts.map((part) => part(fixture)) }
}
