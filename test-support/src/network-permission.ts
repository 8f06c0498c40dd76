import { expect } from '@jest/globals'
import type { TestedEngine } from './engines.js'
import { itIf } from './needs.js'
import { moduleRunner } from './task.js'

/** Node 25 and newer restrict the network with `--permission`. */
const itWithPermission = itIf(
  process.allowedNodeEnvironmentFlags.has('--allow-net'),
  'this version of Node has no permission for the network',
)
const FLAGS = ['--permission', '--allow-fs-read=*', '--allow-fs-write=*', '--allow-addons'].concat(
  '--disable-warning=SecurityWarning',
)

/** What a process without permission for the network is told. @param entry the module of the transport's package */
export function describeNetworkPermission(
  { name, options, describe }: TestedEngine<object>,
  entry: URL,
  transport: 'Tcp' | 'Udp' | 'Unix' | 'Unixgram',
  targets: readonly string[],
): void {
  const run = moduleRunner('transport', entry)
  const codeOf = (promise: string): string => `await ${promise}.then(() => 'none', ({ code }) => code)`
  describe(`permission for the network${name}`, () => {
    itWithPermission.each(targets)(
      'listen() and connect() reject with ERR_ACCESS_DENIED, and close() resolves: %s',
      async (target) => {
        const body = `
          const server = transport.create${transport}Server(() => {}, options)
          const listened = ${codeOf('server.listen(args[0])')}
          await server.close()
          const connected = ${codeOf(`transport.connect${transport}(args[0], options)`)}
          done([listened, server.state, connected])`
        const result = await run(body, [target], { ...options, flags: FLAGS })
        expect(result).toEqual(['ERR_ACCESS_DENIED', 'idle', 'ERR_ACCESS_DENIED'])
      },
    )
  })
}
