import { afterAll, describe, it } from '@jest/globals'
import { anyTransportConformance, datagramConformance, registerSuite } from '@sock/core/testing'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { connectUnixgram, createUnixgramServer } from '../src/index.js'

const folder = mkdtempSync(join(tmpdir(), 'unixgram-'))
/** Folders that clients have made for their names. */
const clientFolders = new Set<string>()
let count = 0

afterAll(() => rmSync(folder, { recursive: true }))

const fixture = {
  createServer: createUnixgramServer,
  target: () => join(folder, `${(count += 1)}.sock`),
  async connect(address: unknown, options?: object) {
    const client = await connectUnixgram(address as never, options)
    clientFolders.add(dirname(String(client.localAddress)))
    return client
  },
  leftovers: () => [...readdirSync(folder), ...[...clientFolders].filter((name) => existsSync(name))],
}

registerSuite(datagramConformance({ ...fixture, name: 'conformance of unixgram' }), { describe, it })
registerSuite(anyTransportConformance({ ...fixture, name: 'any transport: unixgram' }), { describe, it })
