/// <reference types="node" preserve="true" />
/**
 * For authors of transports: conformance suites, and ports that a test drives by hand.
 *
 * @module @sock/testing
 */
export { anyTransportConformance } from './lib/any-transport.js'
export type { HeldClock } from './lib/clock.js'
export { datagramConformance } from './lib/datagram/datagram-conformance.js'
export {
  createFakeDatagramPort,
  type FakeDatagramPort,
  type FakeDatagramPortOptions,
  type FakeSent,
} from './lib/ports/fake-datagram-port.js'
export {
  createFakeHandshake,
  createFakeListener,
  createFakeStreamPort,
  type FakeHandshake,
  type FakeListener,
  type FakeStreamPort,
  type FakeWaits,
} from './lib/ports/fake-stream-port.js'
export { firstly, provoke, type Fault } from './lib/stream/faults.js'
export { echo, pattern, readAll, readExactly } from './lib/handlers.js'
export { assertNothingLeft, takeInventory, type Inventory } from './lib/inventory.js'
export type {
  AnyFixture,
  AnyKind,
  DatagramFixture,
  DatagramKind,
  Fixture,
  Kind,
  Lack,
  Scene,
  ServerOf,
  Stage,
  StreamFixture,
  StreamKind,
} from './lib/stage.js'
export { streamConformance } from './lib/stream/stream-conformance.js'
export { registerSuite, type Case, type Runner, type Suite } from './lib/suite.js'
export { eventually, soon } from './lib/wait.js'
