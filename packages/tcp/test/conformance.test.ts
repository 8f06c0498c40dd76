import { describe, it } from '@jest/globals'
import { registerSuite, streamConformance } from '@sock/core/testing'
import { connectTcp, createTcpServer } from '../src/index.js'

registerSuite(
  streamConformance({
    name: 'conformance of tcp',
    createServer: createTcpServer,
    target: () => '127.0.0.1:0',
    connect: (address, options) => connectTcp(address as never, options),
  }),
  { describe, it },
)
