import { it } from '@jest/globals'
import { anyTransportConformance, datagramConformance, registerSuite } from '@sock/testing'
import { connectUdp, createUdpServer } from '../src/index.js'
import { engines } from './support/engines.js'

for (const { name, options, describe } of engines) {
  const fixture = {
    pauses: options.engine !== undefined,
    createServer: (handler: never, more?: object) => createUdpServer(handler, { ...options, ...more }),
    target: () => '127.0.0.1:0',
    hostTarget: (host: string, port: number) => `${host}:${port}`,
    connect: (address: unknown, more?: object) => connectUdp(address as never, { ...options, ...more }),
  }
  const register = { describe, it }
  registerSuite(datagramConformance({ ...fixture, name: `conformance of udp${name}` }), register)
  registerSuite(anyTransportConformance({ ...fixture, name: `any transport: udp${name}` }), register)
}
