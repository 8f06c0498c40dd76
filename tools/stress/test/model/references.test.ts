import { describe, expect, it } from '@jest/globals'
import { fileURLToPath } from 'node:url'
import { withFolder } from '@sock/tools/folder'
import { succeed } from '@sock/tools/processes'
import { DATAGRAMS, isStream, type TransportName } from '@sock/tools/transports'
import { ENGINES, isAvailable } from '../../src/world/means.js'

const program = fileURLToPath(new URL('../support/references.mjs', import.meta.url))

describe('ref() and unref()', () => {
  const names: readonly TransportName[] = ['tcp', 'unix', ...DATAGRAMS]
  const all = ENGINES.filter(isAvailable).flatMap((engine) => names.map((name) => [name, engine] as const))
  // unix-dgram cannot be told: a test of @sock/unixgram.
  it.each(all.filter(([name, engine]) => name !== 'unixgram' || engine === 'native'))(
    'ref() alone keeps the process alive, of each server and connection: %s, %s',
    async (name, engine) => {
      await withFolder('references', async (folder) => {
        const target = name.startsWith('unix') ? folder.next() : '127.0.0.1:0'
        const kept = await succeed(process.execPath, [program, name, engine, target])
        expect(kept.trim()).toBe(isStream(name) ? 'server, client, accepted' : 'server')
      })
    },
  )
})
