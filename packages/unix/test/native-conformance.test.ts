import { afterAll, it } from '@jest/globals'
import type { Connection, StreamServerOptions } from '@sock/core'
import { anyTransportConformance, registerSuite, streamConformance } from '@sock/testing'
import { engine, type NativeSocket } from '@sock/native'
import { createFolder } from '@sock/tools/folder'
import { readdirSync } from 'node:fs'
import { connectUnix, createUnixServer } from '../src/index.js'
import { describeNative as describe } from './support/engines.js'

const folder = createFolder('unix-native')

const fixture = {
  createServer: (handler: never, options?: StreamServerOptions<NativeSocket>) =>
    createUnixServer(handler, { engine, ...options }),
  target: () => folder.next(),
  socketFiles: true,
  connect: (address: unknown, options?: object): Promise<Connection> =>
    connectUnix(address as never, { engine, ...options }),
  leftovers: () => readdirSync(folder.path),
  lacks: ['reset'] as const,
}

const runner = { describe, it }
registerSuite(streamConformance({ ...fixture, name: 'conformance of unix with the native engine' }), runner)
registerSuite(anyTransportConformance({ ...fixture, name: 'any transport: unix, native engine' }), runner)

afterAll(() => folder.remove())
