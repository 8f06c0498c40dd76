import { describe, expect, it } from '@jest/globals'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { symbols } from 'node-api-headers'
import { headers } from '../../../../packages/native/compile.mjs'
import { inRoot } from '../../repository.mjs'
import { buildTarget, canBuild, muslHeaders, TARGETS } from '../../targets.mjs'
import { scratchFolder } from '../support.mjs'

/** What Node 20 itself needs. */
const OLDEST_GLIBC = '2.28'
/** The version of Node-API that c/engine.h asks for; Node 20.19 has it. */
const { node_api_symbols, js_native_api_symbols } = symbols.v8
/** What the addon uses of libuv, which has been the same since 1.19. */
const LIBUV = ['close', 'handle_get_data', 'handle_set_data', 'handle_size', 'poll_init', 'poll_start']
  .concat('ref', 'unref')
  .map((name) => `uv_${name}`)

const folder = scratchFolder()
const compileCopy = await compilerOfCopy()

/** A copy of the package, in a folder of another name and length. */
async function compilerOfCopy() {
  const copy = join(folder, 'a copy of the package')
  for (const part of ['c', 'compile.mjs'])
    cpSync(inRoot('packages/native', part), join(copy, part), { recursive: true })
  symlinkSync(inRoot('packages/native/node_modules'), join(copy, 'node_modules'))
  return (await import(join(copy, 'compile.mjs'))).compile
}

const has = (program) => spawnSync(program, ['--version']).status === 0
const readelf = (...args) =>
  execFileSync('readelf', ['--wide', ...args], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
/** Names that a binary asks its process for, without versions; weak ones may be missing. */
const wantedSymbols = (file) =>
  [...readelf('--dyn-syms', file).matchAll(/ GLOBAL +DEFAULT +UND (\w+)/g)].map(([, name]) => name)
const wantedVersions = (file) =>
  [...readelf('--version-info', file).matchAll(/Name: GLIBC_(\S+)/g)].map(([, version]) => version)
/** What functions begin with, if a processor that checks it lets jumps end only there: endbr64, and paciasp. */
const LANDING = { x64: 'f30f1efa', arm64: '3f2303d5' }
const landings = (file, cpu) => readFileSync(file).toString('hex').split(LANDING[cpu]).length - 1
const isNewer = (one, other) => one.localeCompare(other, 'en', { numeric: true }) > 0

describe.each(Object.entries(TARGETS))('the binary of %s', (name, target) => {
  const file = join(folder, `${name}.node`)
  // `.ci/compilers` brings compilers, `.ci/musl` headers.
  const itBuilt = canBuild(name) && has('readelf') ? it : it.skip

  itBuilt('is the same, byte by byte, when it is built in another folder', () => {
    buildTarget(name, file)
    buildTarget(name, `${file}.again`, compileCopy)
    expect(readFileSync(`${file}.again`).equals(readFileSync(file))).toBe(true)
  })

  itBuilt('is for its processor', () => {
    expect(readelf('--file-header', file)).toMatch(
      { x64: /Machine: .*X86-64/, arm64: /Machine: .*AArch64/ }[target.cpu],
    )
  })

  // A fault in C is then an error message more often than an exploit: decisions/0022-native-packages.md.
  itBuilt('is hardened: it checks its stack, and what an attacker would overwrite is read-only', () => {
    expect(wantedSymbols(file)).toContain('__stack_chk_fail')
    expect(readelf('--program-headers', file)).toMatch(/ GNU_RELRO /)
    expect(readelf('--dynamic', file)).toMatch(/\(FLAGS\) .*BIND_NOW/)
    expect(readelf('--program-headers', file)).toMatch(/ GNU_STACK .* RW /)
    expect(landings(file, target.cpu)).toBeGreaterThan(50)
  })

  itBuilt('asks Node for nothing that a supported version does not have', () => {
    const known = [...node_api_symbols, ...js_native_api_symbols, ...LIBUV]
    const wanted = wantedSymbols(file).filter((symbol) => /^(napi|node_api|uv)_/.test(symbol))
    expect(wanted).not.toEqual([])
    expect(wanted.filter((symbol) => !known.includes(symbol))).toEqual([])
  })

  if (target.libc === 'glibc') {
    itBuilt('lets glibc check the bounds of what it writes', () => {
      expect(wantedSymbols(file)).toContain('__snprintf_chk')
    })

    itBuilt(`asks for no newer glibc than ${OLDEST_GLIBC}`, () => {
      const versions = wantedVersions(file)
      expect(versions).not.toEqual([])
      expect(versions.filter((version) => isNewer(version, OLDEST_GLIBC))).toEqual([])
    })
  } else {
    itBuilt('asks musl for nothing that it does not have', () => {
      const include = muslHeaders(target)
      const table = readelf('--symbols', join(include, '../../lib', basename(include), 'libc.a'))
      const known = table.matchAll(/ (?:GLOBAL|WEAK) +(?:DEFAULT|PROTECTED) +\d+ (\S+)/g)
      const names = new Set([...known].map(([, symbol]) => symbol))
      const wanted = wantedSymbols(file).filter((symbol) => !/^(napi|uv)_/.test(symbol))
      expect(wanted).toContain('recv')
      expect(wanted.filter((symbol) => !names.has(symbol))).toEqual([])
      expect(wantedVersions(file)).toEqual([])
    })
  }
})

it('packages there are for the platforms that can be built, and for no others', () => {
  expect(readdirSync(inRoot('packages/native/npm')).toSorted()).toEqual(Object.keys(TARGETS).toSorted())
})

const itCompiled = has('gcc') ? it : it.skip

// Wherever this Node has libuv's own header, every build compares it with ours.
itCompiled('c/libuv.h alone declares what the addon uses', () => {
  const args = ['-std=gnu11', '-Werror', '-fsyntax-only', `-I${headers()}`]
  const { stderr } = spawnSync('gcc', [...args, inRoot('packages/native/c/loop.c')], { encoding: 'utf8' })
  expect(stderr).toBe('')
})
