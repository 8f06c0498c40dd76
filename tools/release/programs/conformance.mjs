/*
 * Runs the conformance suites of one transport: `node --test-reporter=tap conformance.mjs <transport>`. ENGINE chooses the
 * native engine. Cases whose names match EXCEPT are left out. A case may take long under qemu; one that hangs
 * must not keep the others from running.
 */
import { anyTransportConformance, datagramConformance, registerSuite, streamConformance } from '@sock/testing'
import { describe, it } from 'node:test'
import { fixtureOf } from './fixture.mjs'

const [transport] = process.argv.slice(2)
const { ENGINE, EXCEPT } = process.env
const { engine } = ENGINE === 'native' ? await import('@sock/native') : {}
if (engine?.available === false) await engine.connectStream({ kind: 'path', path: '/', address: {} }, {})

const { isStream, ...fixture } = await fixtureOf(transport, engine)
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
