import { afterAll, describe, expect, it } from '@jest/globals'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { symbols } from 'node-api-headers'
import { inRoot } from '../../../checks/bootstrap/workspace.mjs'
import { hasReadelf, libraryHas, machineOf, wantedSymbols, wantedVersions } from '../elf.mjs'
import { muslHeaders } from '../musl.mjs'
import { buildTarget, canBuild, TARGETS } from '../targets.mjs'

/** What Node 20 itself needs. */
const OLDEST_GLIBC = '2.28'
/** The version of Node-API that c/engine.h asks for; Node 20.19 has it. */
const NODE_API = 'v8'
/** Of libuv; what has been the same since 1.19. */
const LIBUV = [
  'uv_close',
  'uv_handle_get_data',
  'uv_handle_set_data',
  'uv_handle_size',
  'uv_poll_init',
  'uv_poll_start',
  'uv_ref',
  'uv_unref',
]
const MACHINES = { x64: 'Advanced Micro Devices X86-64', arm64: 'AArch64' }

const folder = mkdtempSync(join(tmpdir(), 'sock-binaries-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A copy of the package, in a folder of another name and length. */
async function compilerOfCopy() {
  const copy = join(folder, 'a copy of the package')
  for (const part of ['c', 'compile.mjs'])
    cpSync(inRoot('packages/native', part), join(copy, part), { recursive: true })
  symlinkSync(inRoot('packages/native/node_modules'), join(copy, 'node_modules'))
  return (await import(join(copy, 'compile.mjs'))).compile
}
const compileCopy = await compilerOfCopy()

const isNewer = (one, other) => one.localeCompare(other, 'en', { numeric: true }) > 0

describe.each(Object.entries(TARGETS))('the binary of %s', (name, { cpu, libc }) => {
  const file = join(folder, `${name}.node`)
  // A compiler, or headers of musl, that are not here: `node tools/release/binaries/main.mjs headers` fetches the latter.
  const itBuilt = canBuild(name) && hasReadelf() ? it : it.skip

  itBuilt('is the same, byte by byte, when it is built in another folder', async () => {
    await buildTarget(name, file)
    await buildTarget(name, `${file}.again`, compileCopy)
    expect(readFileSync(`${file}.again`).equals(readFileSync(file))).toBe(true)
  })

  itBuilt('is for its processor', () => expect(machineOf(file)).toBe(MACHINES[cpu]))

  itBuilt('asks Node for nothing that a supported version does not have', () => {
    const known = [
      ...symbols[NODE_API].node_api_symbols,
      ...symbols[NODE_API].js_native_api_symbols,
      ...LIBUV,
    ]
    const wanted = wantedSymbols(file).filter((symbol) => /^(napi|node_api|uv)_/.test(symbol))
    expect(wanted).not.toEqual([])
    expect(wanted.filter((symbol) => !known.includes(symbol))).toEqual([])
  })

  if (libc === 'glibc') {
    itBuilt(`asks for no newer glibc than ${OLDEST_GLIBC}`, () => {
      const versions = wantedVersions(file)
      expect(versions).not.toEqual([])
      expect(versions.filter((version) => isNewer(version, OLDEST_GLIBC))).toEqual([])
    })
  } else {
    itBuilt('asks musl for nothing that it does not have', async () => {
      const headers = await muslHeaders(cpu)
      const has = libraryHas(join(headers, '../../lib', basename(headers), 'libc.a'))
      const wanted = wantedSymbols(file).filter((symbol) => !/^(napi|uv)_/.test(symbol))
      expect(wanted).toContain('recv')
      expect(wanted.filter((symbol) => !has.has(symbol))).toEqual([])
      expect(wantedVersions(file)).toEqual([])
    })
  }
})
