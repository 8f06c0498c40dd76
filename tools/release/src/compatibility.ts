import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Claims } from './claims.js'
import type { Manager } from './managers.js'
import type { Releases, Versions } from './releases.js'

const CORE = '@sock/core'
const TCP = '@sock/tcp'
const TESTING = '@sock/testing'

/** Versions of tcp and core that were not made together, but are within the declared range, run the conformance suite. */
export async function mixVersions(manager: Manager, releases: Releases, claims: Claims): Promise<void> {
  const { first, patchedTcp, extendedCore } = releases
  await claims.check(`the first ${TCP} takes the newest ${CORE} of its range by itself`, async () => {
    const project = manager.project('newest-in-range')
    const { code, output } = await project.add(`${TCP}@${first.get(TCP)}`)
    assert.equal(code, 0, output)
    assert.equal(project.installed().get(CORE)?.version, extendedCore.get(CORE))
  })
  await conform(manager, { tcp: first, core: extendedCore }, 'old with new', claims)
  await conform(manager, { tcp: patchedTcp, core: first }, 'new with old', claims)
}

async function conform(
  manager: Manager,
  from: { readonly tcp: Versions; readonly core: Versions },
  how: string,
  claims: Claims,
): Promise<void> {
  const [tcp, core, testing] = [from.tcp.get(TCP), from.core.get(CORE), from.core.get(TESTING)]
  await claims.check(`${how}: ${TCP} ${tcp} with ${CORE} ${core} passes the conformance suite`, async () => {
    const project = manager.project(how.replaceAll(' ', '-'))
    const { code, output } = await project.add(`${TCP}@${tcp}`, `${CORE}@${core}`, `${TESTING}@${testing}`)
    assert.equal(code, 0, output)
    const installed = [...project.installed()].map(([name, { version }]) => `${name}@${version}`)
    assert.deepEqual(installed.toSorted(), [`${CORE}@${core}`, `${TCP}@${tcp}`, `${TESTING}@${testing}`])
    writeFileSync(join(project.folder, 'conformance.mjs'), CONFORMANCE)
    const report = await project.program('conformance.mjs', '--test-reporter=tap')
    const [, passed] = /^# pass (\d+)$/m.exec(report) ?? []
    assert.ok(Number(passed) > 100, `Only ${passed} cases passed`)
    assert.match(report, /^# fail 0$/m)
  })
}

/** What the README of @sock/testing shows, with the runner that every Node has. */
const CONFORMANCE = `
import { anyTransportConformance, registerSuite, streamConformance } from '@sock/testing'
import { connectTcp, createTcpServer } from '@sock/tcp'
import { describe, it } from 'node:test'

const fixture = {
  name: 'conformance',
  createServer: createTcpServer,
  target: () => '127.0.0.1:0',
  connect: (address, options) => connectTcp(\`\${address}\`, options),
}
registerSuite(streamConformance(fixture), { describe, it })
registerSuite(anyTransportConformance({ ...fixture, name: 'any transport' }), { describe, it })
`
