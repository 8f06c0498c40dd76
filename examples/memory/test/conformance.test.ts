import { describe, it } from '@jest/globals'
import { anyTransportConformance, registerSuite, streamConformance } from '@sock/testing'
import { connectMemory, createMemoryServer } from '../src/index.js'

let count = 0

const fixture = {
  createServer: createMemoryServer,
  target: () => `server ${++count}`,
  connect: (address: unknown, options?: object) => connectMemory(address as never, options),
  lacks: ['sockets'] as const,
}

registerSuite(streamConformance({ ...fixture, name: 'conformance of memory' }), { describe, it })
registerSuite(anyTransportConformance({ ...fixture, name: 'any transport: memory' }), { describe, it })
