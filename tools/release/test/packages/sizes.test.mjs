import { afterAll, expect, it } from '@jest/globals'
import { build } from 'esbuild'
import { statSync } from 'node:fs'
import { entryPoints, inRoot } from '../../../checks/repository.mjs'
import { tarballs } from '../support.mjs'

/**
 * The most that each may be, in KB of 1,000 bytes: the tarball of a package, and all code that an entry point loads, without
 * comments. A seventh more than in November 2026, or less: decisions/0021-packages.md says why it is so much.
 */
const PACKED = {
  '@sock/core': 370,
  '@sock/framing': 67,
  '@sock/native': 150,
  '@sock/native-linux-arm64-gnu': 30,
  '@sock/native-linux-arm64-musl': 30,
  '@sock/native-linux-x64-gnu': 30,
  '@sock/native-linux-x64-musl': 30,
  '@sock/tcp': 37,
  '@sock/testing': 208,
  '@sock/udp': 39,
  '@sock/unix': 10,
  '@sock/unixgram': 42,
}
const LOADED = {
  '@sock/core': 18,
  '@sock/core/datagram': 87,
  '@sock/core/stream': 120,
  '@sock/core/transport': 36,
  '@sock/framing': 81,
  '@sock/native': 240,
  '@sock/tcp': 161,
  '@sock/testing': 240,
  '@sock/udp': 121,
  '@sock/unix': 143,
  '@sock/unixgram': 121,
}

const sizes = {}
afterAll(() => console.table(sizes))

function expectWithin(bound, size) {
  sizes[expect.getState().currentTestName] = { KB: Math.ceil(size / 1_000), bound }
  expect(Math.ceil(size / 1_000)).toBeLessThanOrEqual(bound)
}

it.each(Object.keys(tarballs))('%s is packed within its bound', (name) => {
  expectWithin(PACKED[name], statSync(tarballs[name]).size)
})

it.each(entryPoints())('$name loads no more code than its bound', async ({ name, folder, targets }) => {
  const { outputFiles } = await build({
    entryPoints: [inRoot(folder, targets.default)],
    bundle: true,
    treeShaking: false,
    write: false,
    platform: 'node',
    format: 'esm',
    ignoreAnnotations: true,
    external: ['unix-dgram'],
    logLevel: 'error',
  })
  expectWithin(LOADED[name], outputFiles[0].contents.length)
})
