import { describe, it } from '@jest/globals'
import { registerSuite, streamConformance } from '../src/index.js'
import { connectLoopback, createLoopbackServer } from './support/loopback.js'

registerSuite(
  streamConformance({
    name: 'conformance of the machinery, over loopback',
    createServer: createLoopbackServer,
    target: () => '127.0.0.1:0',
    connect: (address, options) => connectLoopback(address as never, options),
  }),
  { describe, it },
)
