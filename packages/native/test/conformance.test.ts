import { afterAll, it } from '@jest/globals'
import type { StreamHandler } from '@sock/core'
import { registerSuite, streamConformance } from '@sock/testing'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEngine } from '../src/index.js'
import { describeNative as describe } from './support/needs.js'
import { connectIp, connectPath, createIpServer, createPathServer } from './support/servers.js'

const folder = mkdtempSync(join(tmpdir(), 'sock-native-'))
let count = 0

const overIp = {
  name: 'conformance of the native engine over tcp',
  createServer: createIpServer,
  target: () => '127.0.0.1:0',
  connect: (address: unknown, options?: object) => connectIp(address as never, options),
}
const overPaths = {
  name: 'conformance of the native engine over unix',
  createServer: createPathServer,
  target: () => join(folder, `${++count}.sock`),
  connect: (address: unknown, options?: object) => connectPath(address as never, options),
  lacks: ['reset'] as const,
}

/** Clients keep chunks, as their cases do. */
const engine = createEngine({ reuseChunks: true })
const reusingOverIp = {
  ...overIp,
  name: 'conformance of the native engine over tcp, with reuseChunks',
  createServer: (handler: StreamHandler, options?: object) => createIpServer(handler, { engine, ...options }),
}
const reusingOverPaths = {
  ...overPaths,
  name: 'conformance of the native engine over unix, with reuseChunks',
  createServer: (handler: StreamHandler, options?: object) =>
    createPathServer(handler, { engine, ...options }),
}

for (const fixture of [overIp, overPaths, reusingOverIp, reusingOverPaths])
  registerSuite(streamConformance(fixture), { describe, it })

afterAll(() => rmSync(folder, { recursive: true }))
