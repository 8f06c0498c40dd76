import { describe, it } from '@jest/globals'
import { anyTransportConformance, registerSuite, streamConformance } from '../src/index.js'
import { connectLoopback, createLoopbackServer } from './support/loopback.js'

const fixture = {
  createServer: createLoopbackServer,
  target: () => '127.0.0.1:0',
  hostTarget: (host: string, port: number) => `${host}:${port}`,
  connect: (address: unknown, options?: object) => connectLoopback(address as never, options),
}
const runner = { describe, it }

const name = 'conformance of the machinery, over loopback'
registerSuite(streamConformance({ ...fixture, name }), runner)
registerSuite(anyTransportConformance({ ...fixture, name: 'any transport: loopback' }), runner)
