import { afterAll, describe, it } from '@jest/globals'
import { anyTransportConformance, registerSuite, streamConformance } from '@sock/testing'
import { createFolder } from '@sock/tools/folder'
import { readdirSync } from 'node:fs'
import { connectUnix, createUnixServer } from '../src/index.js'

const folder = createFolder('unix')

const fixture = {
  createServer: createUnixServer,
  target: () => folder.next(),
  socketFiles: true,
  connect: (address: unknown, options?: object) => connectUnix(address as never, options),
  leftovers: () => readdirSync(folder.path),
  lacks: ['reset'] as const,
}

registerSuite(streamConformance({ ...fixture, name: 'conformance of unix' }), { describe, it })
registerSuite(anyTransportConformance({ ...fixture, name: 'any transport: unix' }), { describe, it })

afterAll(() => folder.remove())
