import { afterAll, it } from '@jest/globals'
import type { Connection, StreamServerOptions } from '@sock/core'
import { anyTransportConformance, registerSuite, streamConformance } from '@sock/testing'
import { engine, type NativeSocket } from '@sock/native'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectUnix, createUnixServer } from '../src/index.js'
import { describeNative as describe } from './support/engines.js'

const folder = mkdtempSync(join(tmpdir(), 'sock-unix-native-'))
let count = 0

const fixture = {
  createServer: (handler: never, options?: StreamServerOptions<NativeSocket>) =>
    createUnixServer(handler, { engine, ...options }),
  target: () => join(folder, `${++count}.sock`),
  connect: (address: unknown, options?: object): Promise<Connection> =>
    connectUnix(address as never, { engine, ...options }),
  leftovers: () => readdirSync(folder),
  lacks: ['reset'] as const,
}

const runner = { describe, it }
registerSuite(streamConformance({ ...fixture, name: 'conformance of unix with the native engine' }), runner)
registerSuite(anyTransportConformance({ ...fixture, name: 'any transport: unix, native engine' }), runner)

afterAll(() => rmSync(folder, { recursive: true }))
