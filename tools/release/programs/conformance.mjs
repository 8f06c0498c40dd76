/*
 * The conformance suites of one transport: `node --test-reporter=tap conformance.mjs <transport>`. They run over the native
 * engine if ENGINE says so, without the cases whose names match EXCEPT. Each case takes its time under valgrind or qemu; one
 * that waits for ever must not keep the others from being run.
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
