export { anyTransportConformance } from './lib/testing/any-transport.js'
export { datagramConformance } from './lib/testing/datagram-conformance.js'
export { firstly, provoke, type Fault } from './lib/testing/faults.js'
export { assertNothingLeft, takeInventory, type Inventory } from './lib/testing/inventory.js'
export type {
  AnyFixture,
  DatagramFixture,
  Scene,
  Stage,
  StreamFixture,
  StreamKind,
} from './lib/testing/stage.js'
export { streamConformance } from './lib/testing/stream-conformance.js'
export { registerSuite, type Case, type Runner, type Suite } from './lib/testing/suite.js'
