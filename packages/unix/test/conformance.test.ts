import { afterAll, describe, it } from '@jest/globals'
import { registerSuite, streamConformance } from '@sock/core/testing'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectUnix, createUnixServer } from '../src/index.js'

const folder = mkdtempSync(join(tmpdir(), 'sock-unix-'))
let count = 0

registerSuite(
  streamConformance({
    name: 'conformance of unix',
    createServer: createUnixServer,
    target: () => join(folder, `${++count}.sock`),
    connect: (address, options) => connectUnix(address as never, options),
    leftovers: () => readdirSync(folder),
  }),
  { describe, it },
)

afterAll(() => rmSync(folder, { recursive: true }))
