import { afterAll, it } from '@jest/globals'
import { anyTransportConformance, datagramConformance, registerSuite } from '@sock/testing'
import { createFolder } from '@sock/tools/folder'
import { existsSync, readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { connectUnixgram, createUnixgramServer } from '../src/index.js'
import { engines } from './support/engines.js'

const folder = createFolder('unixgram')
/** Folders that clients have made for their names. */
const clientFolders = new Set<string>()

afterAll(() => folder.remove())

for (const { name, options, describe } of engines) {
  const fixture = {
    pauses: options.engine !== undefined,
    createServer: (handler: never, more?: object) => createUnixgramServer(handler, { ...options, ...more }),
    target: () => folder.next(),
    socketFiles: true,
    async connect(address: unknown, more?: object) {
      const client = await connectUnixgram(address as never, { ...options, ...more })
      clientFolders.add(dirname(String(client.localAddress)))
      return client
    },
    leftovers: () => [...readdirSync(folder.path), ...[...clientFolders].filter((path) => existsSync(path))],
  }
  const register = { describe, it }
  registerSuite(datagramConformance({ ...fixture, name: `conformance of unixgram${name}` }), register)
  registerSuite(anyTransportConformance({ ...fixture, name: `any transport: unixgram${name}` }), register)
}
