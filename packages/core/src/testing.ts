export { type StreamFixture, type StreamServerUnderTest } from './lib/testing/stage.js'
export { streamConformance } from './lib/testing/stream-conformance.js'
export { registerSuite, type Case, type Runner, type Suite } from './lib/testing/suite.js'
