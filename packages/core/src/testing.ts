/// <reference types="node" preserve="true" />
/**
 * For authors of transports: conformance suites, and ports that a test holds in its hand.
 *
 * @module @sock/core/testing
 */
export type { Deferred } from './lib/async/deferred.js'
export { anyTransportConformance } from './lib/testing/any-transport.js'
export type { HeldClock } from './lib/testing/clock.js'
export { datagramConformance } from './lib/testing/datagram-conformance.js'
export {
  createFakeDatagramPort,
  type FakeDatagramPort,
  type FakeDatagramPortOptions,
  type FakeSent,
} from './lib/testing/fake-datagram-port.js'
export {
  createFakeHandshake,
  createFakeListener,
  createFakeStreamPort,
  type FakeHandshake,
  type FakeListener,
  type FakeStreamPort,
  type FakeWaits,
} from './lib/testing/fake-stream-port.js'
export { firstly, provoke, type Fault } from './lib/testing/faults.js'
export { assertNothingLeft, takeInventory, type Inventory } from './lib/testing/inventory.js'
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
} from './lib/testing/stage.js'
export { streamConformance } from './lib/testing/stream-conformance.js'
export { registerSuite, type Case, type Runner, type Suite } from './lib/testing/suite.js'
