import { describe, expect, it } from '@jest/globals'
import { withFolder } from '@sock/tools/folder'
import { succeed } from '@sock/tools/processes'
import { DATAGRAMS, isStream, type TransportName } from '@sock/tools/transports'
import { ENGINES, isAvailable } from '../../src/world/means.js'

/**
 * A module that ends when nothing that is referenced is open. It prints what kept it alive when it alone was referenced: the
 * server, and of a stream the client and the accepted connection.
 */
const PROGRAM = `
  import { Means } from ${JSON.stringify(new URL('../../dist/world/means.js', import.meta.url))}
  const [name, engine, target] = process.argv.slice(1)
  const means = new Means(engine, [], () => target)
  let accept
  const accepting = new Promise((resolve) => (accept = resolve))
  const handler = { open: (connection) => accept(connection), data() {} }
  const isStream = name === 'tcp' || name === 'unix'
  const open = { server: isStream ? means.streamServer(name, handler, {}) : means.datagramServer(name, handler) }
  // It is remembered when it is started again.
  open.server.unref()
  await open.server.listen(means.target(name))
  await open.server.close()
  const address = await open.server.listen(means.target(name))
  if (isStream) {
    open.client = await means.dial(name, address)
    open.accepted = (await accepting).unref()
    open.client.unref()
  }
  const names = Object.keys(open)
  process.on('beforeExit', () => {
    const one = names.shift()
    if (one === undefined) return
    open[one].ref()
    // It fires only if something else keeps the process alive.
    setTimeout(() => {
      console.log(one)
      open[one].unref()
    }, 10).unref()
  })`

describe('ref() and unref()', () => {
  const names: readonly TransportName[] = ['tcp', 'unix', ...DATAGRAMS]
  const all = ENGINES.filter(isAvailable).flatMap((engine) => names.map((name) => [name, engine] as const))
  // unix-dgram cannot be told: a test of @sock/unixgram.
  it.each(all.filter(([name, engine]) => name !== 'unixgram' || engine === 'native'))(
    'ref() alone keeps the process alive, of each server and connection: %s, %s',
    async (name, engine) => {
      await withFolder('references', async (folder) => {
        const args = ['--input-type=module', '-e', PROGRAM, name, engine, folder.next()]
        const kept = await succeed(process.execPath, args)
        expect(kept.trim().split('\n')).toEqual(
          isStream(name) ? ['server', 'client', 'accepted'] : ['server'],
        )
      })
    },
  )
})
