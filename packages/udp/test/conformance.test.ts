import { describe, it } from '@jest/globals'
import { anyTransportConformance, datagramConformance, registerSuite } from '@sock/core/testing'
import { connectUdp, createUdpServer } from '../src/index.js'

const fixture = {
  createServer: createUdpServer,
  target: () => '127.0.0.1:0',
  connect: (address: unknown, options?: object) => connectUdp(address as never, options),
}

registerSuite(datagramConformance({ ...fixture, name: 'conformance of udp' }), { describe, it })
registerSuite(anyTransportConformance({ ...fixture, name: 'any transport: udp' }), { describe, it })
