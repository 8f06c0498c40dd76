import { describe, it } from '@jest/globals'
import type { Connection, StreamServerOptions } from '@sock/core'
import { anyTransportConformance, registerSuite, streamConformance } from '@sock/core/testing'
import { engine } from '@sock/native'
import { connectTcp, createTcpServer } from '../src/index.js'

// Skipped where the addon was not compiled.
const describeNative = engine.available ? describe : describe.skip

const fixture = {
  createServer: (handler: never, options?: StreamServerOptions) =>
    createTcpServer(handler, { engine, ...options }),
  target: () => '127.0.0.1:0',
  connect: (address: unknown, options?: object): Promise<Connection> =>
    connectTcp(address as never, { engine, ...options }),
}

const runner = { describe: describeNative, it }
registerSuite(streamConformance({ ...fixture, name: 'conformance of tcp with the native engine' }), runner)
registerSuite(anyTransportConformance({ ...fixture, name: 'any transport: tcp, native engine' }), runner)
