import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * The fixture of one transport for the conformance suites: servers, clients, and new targets.
 *
 * @param engine another engine than Node's own
 */
export async function fixtureOf(transport, engine) {
  const name = transport.replace(/^./, (letter) => letter.toUpperCase())
  const module = await import(`@sock/${transport}`)
  const folder = mkdtempSync(join(tmpdir(), 'sock-fixture-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  let count = 0
  const isIp = transport === 'tcp' || transport === 'udp'
  const isStream = transport === 'tcp' || transport === 'unix'
  const own = engine === undefined ? {} : { engine }
  return {
    name: transport,
    isStream,
    createServer: (handler, options) => module[`create${name}Server`](handler, { ...own, ...options }),
    connect: (address, options) => module[`connect${name}`](address, { ...own, ...options }),
    target: () => (isIp ? '127.0.0.1:0' : join(folder, `${(count += 1)}.sock`)),
    ...(transport === 'unix' && { lacks: ['reset'] }),
    ...(!isStream && { pauses: engine !== undefined }),
  }
}
