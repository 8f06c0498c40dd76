import { describe, it } from '@jest/globals'
import { anyTransportConformance, registerSuite, streamConformance } from '@sock/testing'
import { connectTcp, createTcpServer } from '../src/index.js'

const fixture = {
  createServer: createTcpServer,
  target: () => '127.0.0.1:0',
  hostTarget: (host: string, port: number) => `${host}:${port}`,
  connect: (address: unknown, options?: object) => connectTcp(address as never, options),
}

registerSuite(streamConformance({ ...fixture, name: 'conformance of tcp' }), { describe, it })
registerSuite(anyTransportConformance({ ...fixture, name: 'any transport: tcp' }), { describe, it })
