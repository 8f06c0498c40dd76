import { afterAll, expect, it } from '@jest/globals'
import { build } from 'esbuild'
import { entryPoints, inRoot } from '../../../checks/repository.mjs'

/**
 * The most code that each entry point may load, in KB of 1,000 bytes without comments. A seventh more than in November 2026, or
 * less: decisions/0021-packages.md says why it is so much.
 */
const BOUNDS = {
  '@sock/core': 18,
  '@sock/core/transport': 39,
  '@sock/core/stream': 120,
  '@sock/core/datagram': 87,
  '@sock/framing': 81,
  '@sock/tcp': 161,
  '@sock/testing': 250,
  '@sock/udp': 121,
  '@sock/unix': 143,
  '@sock/unixgram': 121,
  '@sock/native': 240,
}

const sizes = {}
afterAll(() => console.table(sizes))

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
  const loaded = Math.ceil(outputFiles[0].contents.length / 1_000)
  sizes[name] = { loaded, bound: BOUNDS[name] }
  expect(loaded).toBeLessThanOrEqual(BOUNDS[name])
})
