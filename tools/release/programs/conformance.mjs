/*
 * Runs the conformance suites of one transport: `node --test-reporter=tap conformance.mjs <transport>`. ENGINE chooses the
 * native engine. Cases whose names match EXCEPT are left out. A case may take long under qemu; one that hangs
 * must not keep the others from running.
 */
import { anyTransportConformance, datagramConformance, registerSuite, streamConformance } from '@sock/testing'
import { mkdtempSync, rmSync } from 'node:fs'
import { describe, it } from 'node:test'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [transport] = process.argv.slice(2)
const { ENGINE, EXCEPT } = process.env
const { engine } = ENGINE === 'native' ? await import('@sock/native') : {}

const title = transport.replace(/^./, (letter) => letter.toUpperCase())
const module = await import(`@sock/${transport}`)
const folder = mkdtempSync(join(tmpdir(), 'sock-fixture-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
let count = 0
const isIp = transport === 'tcp' || transport === 'udp'
const isStream = transport === 'tcp' || transport === 'unix'
const own = engine === undefined ? {} : { engine }
const fixture = {
  name: transport,
  createServer: (handler, options) => module[`create${title}Server`](handler, { ...own, ...options }),
  connect: (address, options) => module[`connect${title}`](address, { ...own, ...options }),
  target: () => (isIp ? '127.0.0.1:0' : join(folder, `${(count += 1)}.sock`)),
  ...(isIp ? { hostTarget: (host, port) => `${host}:${port}` } : { socketFiles: true }),
  ...(transport === 'unix' && { lacks: ['reset'] }),
  ...(!isStream && { pauses: engine !== undefined }),
}
const suite = isStream ? streamConformance : datagramConformance
const runner = {
  describe,
  it(name, run) {
    const skip = EXCEPT ? new RegExp(EXCEPT).test(name) : false
    void it(name, { timeout: 120_000, skip }, () => run())
  },
}
registerSuite(suite(fixture), runner)
registerSuite(anyTransportConformance({ ...fixture, name: `any transport: ${transport}` }), runner)
