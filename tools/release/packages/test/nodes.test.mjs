import { beforeAll, describe, expect, it } from '@jest/globals'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../../../checks/bootstrap/child.mjs'
import { inRoot } from '../../../checks/bootstrap/workspace.mjs'
import { fetchNode, NODES, OLDEST } from '../../../checks/nodes.mjs'
import { libraries, published } from '../pack.mjs'
import { installInto, scratchFolder } from './support/tarballs.mjs'

/** ms: several are fetched at once, of some 100 MB each when unpacked. */
const FETCHING = 400_000

const scratch = scratchFolder()

/** The others are up to 45 MB each, so only `npm run test:matrix` fetches them; the oldest of a major says enough. */
const fetched = process.env['SOCK_MATRIX'] === undefined ? [] : Object.values({ ...NODES, ...OLDEST })
const versions = [...new Set([process.versions.node, ...fetched])]
const binaries = new Map()

beforeAll(async () => {
  cpSync(inRoot('tools/release/packages/programs'), scratch, { recursive: true })
  installInto(scratch)
  // One after the other: each is some 50 MB, and a registry may refuse to be asked for all of them at once.
  for (const version of versions) {
    const isThis = version === process.versions.node
    binaries.set(version, isThis ? process.execPath : join(await fetchNode(version), 'bin', 'node'))
  }
}, FETCHING)

describe.each(versions)('Node %s', (version) => {
  it.each(['require.cjs', 'import.mjs'])('runs %s', async (program) => {
    // 22.12 says once per process that it can require ES modules.
    const options = ['--disable-warning=ExperimentalWarning']
    expect(await run(binaries.get(version), [...options, join(scratch, program)])).toEqual({
      code: 0,
      output: 'hello\n',
    })
  })
})

describe('engines', () => {
  it('engines names the oldest versions that are tested', () => {
    const wanted = `^${OLDEST[20]} || >=${OLDEST[22]}`
    for (const { manifest } of published()) expect(manifest.engines.node).toBe(wanted)
  })

  it('engines is what the READMEs say', () => {
    for (const { folder } of libraries())
      expect(readFileSync(inRoot(folder, 'README.md'), 'utf8')).toContain('Node 20.19, 22.12 or newer')
  })
})
