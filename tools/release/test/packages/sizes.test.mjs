import { afterAll, describe, expect, it } from '@jest/globals'
import { build } from 'esbuild'
import { readFileSync, statSync } from 'node:fs'
import ts from 'typescript'
import { entryPoints } from '../../packed.mjs'
import { inRoot, published, ROOT } from '../../repository.mjs'
import { tarballs } from '../support.mjs'

/**
 * The most that each may be: the tarball of a package, and the code that an entry point loads, with everything behind it,
 * without comments; in KB of 1,000 bytes. A seventh more than in November 2026, or less: decisions/0021-packages.md says
 * why it is so much. A package without bounds is only measured.
 */
const BOUNDS = {
  '@sock/core': { packed: 370, loaded: 14 },
  '@sock/core/transport': { loaded: 38 },
  '@sock/core/stream': { loaded: 120 },
  '@sock/core/datagram': { loaded: 87 },
  '@sock/framing': { packed: 71, loaded: 85 },
  '@sock/tcp': { packed: 37, loaded: 161 },
  '@sock/testing': { packed: 197, loaded: 249 },
  '@sock/udp': { packed: 39, loaded: 122 },
  '@sock/unix': { packed: 10, loaded: 145 },
  '@sock/unixgram': { packed: 42, loaded: 126 },
  '@sock/native': { packed: 130, loaded: 225 },
  '@sock/native-linux-arm64-gnu': { packed: 30 },
  '@sock/native-linux-arm64-musl': { packed: 30 },
  '@sock/native-linux-x64-gnu': { packed: 30 },
  '@sock/native-linux-x64-musl': { packed: 30 },
}

const kilobytes = (bytes) => Math.ceil(bytes / 1_000)

/** The files of the published packages that importing this one loads, itself included. */
async function loadedBy(file) {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [file],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    ignoreAnnotations: true,
    external: ['unix-dgram'],
    logLevel: 'error',
  })
  return Object.keys(metafile.inputs).filter((path) => path.startsWith('packages/'))
}

/** Bytes of a built file without its comments. */
function codeSize(path) {
  const compilerOptions = {
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.ESNext,
    removeComments: true,
  }
  const text = readFileSync(inRoot(path), 'utf8')
  return Buffer.byteLength(ts.transpileModule(text, { compilerOptions }).outputText)
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

describe.each(entryPoints())('$name', ({ name, file }) => {
  it('loads no more code than its bound', async () => {
    const sizes = (await loadedBy(file)).map(codeSize)
    expectWithin(name, 'loaded', kilobytes(sizes.reduce((sum, size) => sum + size, 0)))
  })
})

it.each([
  ['transport', []],
  ['datagram', ['datagram']],
  ['stream', ['stream']],
])('@sock/core/%s loads the machinery of %j', async (door, kinds) => {
  const loaded = await loadedBy(`packages/core/dist/${door}.js`)
  const has = (kind) => loaded.some((path) => path.startsWith(`packages/core/dist/lib/${kind}/`))
  expect(['datagram', 'stream'].filter(has)).toEqual(kinds)
})
