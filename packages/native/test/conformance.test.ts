import { afterAll, it } from '@jest/globals'
import { registerSuite, streamConformance } from '@sock/testing'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

for (const fixture of [overIp, overPaths]) registerSuite(streamConformance(fixture), { describe, it })

afterAll(() => rmSync(folder, { recursive: true }))
