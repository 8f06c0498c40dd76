import { afterAll, expect, it } from '@jest/globals'
import { build } from 'esbuild'
import { entryPoints, inRoot } from '../../../checks/repository.mjs'

/**
 * The most code that each entry point may load, in KB of 1,000 bytes without comments. A seventh more than in November 2026, or
 * what December 2026 needs: decisions/0021-packages.md says for what.
 */
const BOUNDS = {
  '@sock/core': 21,
  '@sock/core/transport': 46,
  '@sock/core/stream': 123,
  '@sock/core/datagram': 87,
  '@sock/framing': 91,
  '@sock/tcp': 167,
  '@sock/testing': 266,
  '@sock/udp': 124,
  '@sock/unix': 143,
  '@sock/unixgram': 127,
  '@sock/native': 242,
}

/** The bundler names each file above its code. */
const BUNDLER_COMMENTS = /^\/\/ .*\n/gm

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
  const code = outputFiles[0].text.replaceAll(BUNDLER_COMMENTS, '')
  const loaded = Math.ceil(Buffer.byteLength(code) / 1_000)
  sizes[name] = { loaded, bound: BOUNDS[name] }
  expect(loaded).toBeLessThanOrEqual(BOUNDS[name])
})
