import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inRoot, readJson, workspaces } from '../../../checks/bootstrap/workspace.mjs'
import { canBuild, TARGETS } from '../targets.mjs'

const NATIVE = 'packages/native'
const manifestOf = (name) => readJson(inRoot(NATIVE, 'npm', name, 'package.json'))
const native = readJson(inRoot(NATIVE, 'package.json'))

const scratch = mkdtempSync(join(tmpdir(), 'sock-binaries-'))
afterAll(() => rmSync(scratch, { recursive: true }))

describe('the packages of binaries', () => {
  it('packages there are for exactly the targets, and @sock/native asks for all of them, in its own version', () => {
    expect(readdirSync(inRoot(NATIVE, 'npm')).toSorted()).toEqual(Object.keys(TARGETS).toSorted())
    const wanted = Object.keys(TARGETS).map((name) => [`@sock/native-${name}`, 'workspace:*'])
    expect(native.optionalDependencies).toEqual(Object.fromEntries(wanted))
  })

  it.each(Object.keys(TARGETS))('packages are installed where they fit: %s', (name) => {
    const { cpu, libc } = TARGETS[name]
    const manifest = manifestOf(name)
    expect(manifest.name).toBe(`@sock/native-${name}`)
    // There they mean the package that is published, and do not keep pnpm from installing the workspace elsewhere.
    expect(manifest.publishConfig).toMatchObject({ os: ['linux'], cpu: [cpu], libc: [libc] })
    for (const key of ['version', 'license', 'engines']) expect(manifest[key]).toEqual(native[key])
    // Nobody packs it by hand without its binary, or with an old one.
    expect(manifest.scripts).toEqual({
      prepack: `node ../../../../tools/release/binaries/main.mjs prepack ${name}`,
    })
  })
})

/** Only x64 and arm64 with glibc: these tests run on nothing else. */
const here = `linux-${process.arch}-gnu`
const describeBuilt =
  process.platform === 'linux' && here in TARGETS && canBuild(here) ? describe : describe.skip

describeBuilt('what is packed', () => {
  const modules = join(scratch, 'node_modules/@sock')

  beforeAll(() => {
    const tarballs = join(scratch, 'tarballs')
    const names = ['@sock/core', '@sock/tcp', '@sock/native', `@sock/native-${here}`]
    const scope = names.flatMap((name) => ['--filter', name])
    const args = ['--recursive', ...scope, 'pack', '--pack-destination', tarballs]
    execFileSync(inRoot('node_modules/.bin/pnpm'), args, { cwd: inRoot(), stdio: 'pipe' })
    for (const name of names) {
      const folder = join(scratch, 'node_modules', name)
      mkdirSync(folder, { recursive: true })
      const tarball = `${name.replace('@', '').replace('/', '-')}-${manifestVersion(name)}.tgz`
      execFileSync('tar', ['-xzf', join(tarballs, tarball), '--strip-components=1', '-C', folder])
    }
    cpSync(inRoot('tools/release/binaries/programs/echo.mjs'), join(scratch, 'echo.mjs'))
  })

  const manifestVersion = (name) =>
    workspaces().find(({ manifest }) => manifest.name === name).manifest.version
  // pnpm and npm add their own folders to where modules are looked for.
  const env = { ...process.env, NODE_PATH: undefined }
  const echo = () => execFileSync(process.execPath, [join(scratch, 'echo.mjs')], { encoding: 'utf8', env })

  it('packed, nothing is compiled or run by installing', () => {
    for (const name of readdirSync(modules)) {
      expect(existsSync(join(modules, name, 'binding.gyp'))).toBe(false)
      const { scripts = {} } = readJson(join(modules, name, 'package.json'))
      expect(Object.keys(scripts).filter((script) => /install|prepare/.test(script))).toEqual([])
    }
    expect(existsSync(join(modules, 'native/build'))).toBe(false)
  })

  it('packed, @sock/native loads the binary of the package beside it', () => {
    expect(echo()).toBe('hello\n')
  })

  it('packed, @sock/native names the package that is missing', () => {
    rmSync(join(modules, `native-${here}`), { recursive: true })
    expect(echo()).toContain(`ERR_SOCK_NATIVE_UNAVAILABLE`)
    expect(echo()).toContain(`install @sock/native-${here}`)
  })
})
