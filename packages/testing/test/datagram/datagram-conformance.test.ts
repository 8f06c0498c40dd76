import { describe, it } from '@jest/globals'
import { datagramConformance, registerSuite } from '../../src/index.js'
import { connectMemory, createMemoryServer } from '../support/memory-datagrams.js'

registerSuite(
  datagramConformance({
    name: 'conformance of the machinery, over memory',
    createServer: createMemoryServer,
    target: () => '127.0.0.1:0',
    connect: (address, options) => connectMemory(address as never, options),
  }),
  { describe, it },
)
