import { afterAll, describe, it } from '@jest/globals'
import { anyTransportConformance, datagramConformance, registerSuite } from '@sock/core/testing'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectUnixgram, createUnixgramServer } from '../src/index.js'

const folder = mkdtempSync(join(tmpdir(), 'unixgram-'))
// Where clients make their names, so that what they leave shows.
process.env['TMPDIR'] = folder
let count = 0

afterAll(() => rmSync(folder, { recursive: true }))

const fixture = {
  createServer: createUnixgramServer,
  target: () => join(folder, `${(count += 1)}.sock`),
  connect: (address: unknown, options?: object) => connectUnixgram(address as never, options),
  leftovers: () => readdirSync(folder),
}

registerSuite(datagramConformance({ ...fixture, name: 'conformance of unixgram' }), { describe, it })
registerSuite(anyTransportConformance({ ...fixture, name: 'any transport: unixgram' }), { describe, it })
