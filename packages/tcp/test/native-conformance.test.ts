import { it } from '@jest/globals'
import type { Connection, StreamServerOptions } from '@sock/core'
import { anyTransportConformance, registerSuite, streamConformance } from '@sock/testing'
import { engine, type NativeSocket } from '@sock/native'
import { connectTcp, createTcpServer } from '../src/index.js'
import { describeNative as describe } from './support/engines.js'

const fixture = {
  createServer: (handler: never, options?: StreamServerOptions<NativeSocket>) =>
    createTcpServer(handler, { engine, ...options }),
  target: () => '127.0.0.1:0',
  hostTarget: (host: string, port: number) => `${host}:${port}`,
  connect: (address: unknown, options?: object): Promise<Connection> =>
    connectTcp(address as never, { engine, ...options }),
}

const runner = { describe, it }
registerSuite(streamConformance({ ...fixture, name: 'conformance of tcp with the native engine' }), runner)
registerSuite(anyTransportConformance({ ...fixture, name: 'any transport: tcp, native engine' }), runner)
