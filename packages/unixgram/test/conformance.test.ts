import { afterAll, it } from '@jest/globals'
import { anyTransportConformance, datagramConformance, registerSuite } from '@sock/testing'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { connectUnixgram, createUnixgramServer } from '../src/index.js'
import { engines } from './support/engines.js'

const folder = mkdtempSync(join(tmpdir(), 'unixgram-'))
/** Folders that clients have made for their names. */
const clientFolders = new Set<string>()
let count = 0

afterAll(() => rmSync(folder, { recursive: true }))

for (const { name, options, describe } of engines) {
  const fixture = {
    pauses: options.engine !== undefined,
    createServer: (handler: never, more?: object) => createUnixgramServer(handler, { ...options, ...more }),
    target: () => join(folder, `${(count += 1)}.sock`),
    async connect(address: unknown, more?: object) {
      const client = await connectUnixgram(address as never, { ...options, ...more })
      clientFolders.add(dirname(String(client.localAddress)))
      return client
    },
    leftovers: () => [...readdirSync(folder), ...[...clientFolders].filter((path) => existsSync(path))],
  }
  const register = { describe, it }
  registerSuite(datagramConformance({ ...fixture, name: `conformance of unixgram${name}` }), register)
  registerSuite(anyTransportConformance({ ...fixture, name: `any transport: unixgram${name}` }), register)
}
