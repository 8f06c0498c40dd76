import { afterAll, describe, it } from '@jest/globals'
import { anyTransportConformance, registerSuite, streamConformance } from '@sock/testing'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectUnix, createUnixServer } from '../src/index.js'

const folder = mkdtempSync(join(tmpdir(), 'sock-unix-'))
let count = 0

const fixture = {
  createServer: createUnixServer,
  target: () => join(folder, `${++count}.sock`),
  connect: (address: unknown, options?: object) => connectUnix(address as never, options),
  leftovers: () => readdirSync(folder),
  lacks: ['reset'] as const,
}

registerSuite(streamConformance({ ...fixture, name: 'conformance of unix' }), { describe, it })
registerSuite(anyTransportConformance({ ...fixture, name: 'any transport: unix' }), { describe, it })

afterAll(() => rmSync(folder, { recursive: true }))
