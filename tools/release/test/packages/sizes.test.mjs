import { afterAll, describe, expect, it } from '@jest/globals'
import { build } from 'esbuild'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { entryPoints } from '../../../checks/repository.mjs'
import { published, ROOT } from '../../repository.mjs'
import { tarballs } from '../support.mjs'

/**
 * The most that each may be, in KB of 1,000 bytes: the tarball of a package, and all code that an entry point loads, without
 * comments. A seventh more than in November 2026, or less: decisions/0021-packages.md says why it is so much. A package without
 * bounds is only measured.
 */
const BOUNDS = {
  '@sock/core': { packed: 370, loaded: 18 },
  '@sock/core/transport': { loaded: 36 },
  '@sock/core/stream': { loaded: 120 },
  '@sock/core/datagram': { loaded: 87 },
  '@sock/framing': { packed: 67, loaded: 81 },
  '@sock/tcp': { packed: 37, loaded: 161 },
  '@sock/testing': { packed: 208, loaded: 240 },
  '@sock/udp': { packed: 39, loaded: 121 },
  '@sock/unix': { packed: 10, loaded: 143 },
  '@sock/unixgram': { packed: 42, loaded: 121 },
  '@sock/native': { packed: 150, loaded: 240 },
  '@sock/native-linux-arm64-gnu': { packed: 30 },
  '@sock/native-linux-arm64-musl': { packed: 30 },
  '@sock/native-linux-x64-gnu': { packed: 30 },
  '@sock/native-linux-x64-musl': { packed: 30 },
}

const kilobytes = (bytes) => Math.ceil(bytes / 1_000)

/** The bytes of all code that importing this file loads, without comments. */
async function loadedBy(file) {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [file],
    bundle: true,
    treeShaking: false,
    write: false,
    platform: 'node',
    format: 'esm',
    ignoreAnnotations: true,
    external: ['unix-dgram'],
    logLevel: 'error',
  })
  return outputFiles[0].contents.length
}

const rows = []
afterAll(() => console.info(rows.join('\n')))

function expectWithin(name, kind, size) {
  const bound = BOUNDS[name]?.[kind]
  rows.push(`${name} ${kind}: ${size} KB${bound === undefined ? ', no bound' : ` of ${bound}`}`)
  expect(size).toBeLessThanOrEqual(bound ?? Infinity)
}

it.each(published().filter(({ name }) => name in tarballs))(
  '$name is packed within its bound',
  ({ name }) => {
    expectWithin(name, 'packed', kilobytes(statSync(tarballs[name]).size))
  },
)

describe.each(entryPoints())('$name', ({ name, folder, targets }) => {
  it('loads no more code than its bound', async () => {
    expectWithin(name, 'loaded', kilobytes(await loadedBy(join(folder, targets.default))))
  })
})
