import { describe, expect, it } from '@jest/globals'
import { engine } from '../src/index.js'
import type { Host } from '../src/lib/host.js'
import { loadAddon } from '../src/lib/load.js'
import { numbers } from '../src/lib/numbers.js'

/** A machine with only these paths and packages, and the results of loading them. */
function host(found: Record<string, unknown> = {}, more: Partial<Host> = {}): Host {
  const load = (id: string): unknown => {
    const name = Object.keys(found).find((part) => id.includes(part))
    if (name === undefined) throw Object.assign(new Error(`Cannot find ${id}`), { code: 'MODULE_NOT_FOUND' })
    if (found[name] instanceof Error) throw found[name]
    return found[name]
  }
  return { platform: 'linux', arch: 'x64', libc: () => 'gnu', versions: {}, load, ...more }
}

/** A binary whose engine is this addon. */
function binary(addon: unknown): unknown {
  return { numbers, createEngine: () => addon }
}

/** The message of the error that an application gets on this host. */
function reason(one: Host): string {
  const loaded = loadAddon(one)
  if ('addon' in loaded) throw new Error('It was loaded')
  expect(loaded.error().code).toBe('ERR_SOCK_NATIVE_UNAVAILABLE')
  return loaded.error().message
}

describe('loadAddon', () => {
  it('loadAddon() prefers what was built in the clone to an installed package', () => {
    const mine = { built: 'here' }
    const found = { 'build/sock_native.node': binary(mine), '@sock/native-linux-x64-gnu': {} }
    expect(loadAddon(host(found))).toEqual({ addon: mine, isChecked: false })
  })

  it.each([
    ['x64', 'gnu'],
    ['x64', 'musl'],
    ['arm64', 'gnu'],
    ['arm64', 'musl'],
  ] as const)('loadAddon() takes the package for %s with %s', (arch, libc) => {
    const addon = { for: `${arch}-${libc}` }
    const one = host({ [`@sock/native-linux-${arch}-${libc}`]: binary(addon) }, { arch, libc: () => libc })
    expect(loadAddon(one)).toEqual({ addon, isChecked: false })
  })

  it('loadAddon() names the package that is missing', () => {
    expect(reason(host())).toBe(
      'Cannot use the native engine: its binary for this system is missing. ' +
        'Install @sock/native-linux-x64-gnu, or build it from source',
    )
  })

  it('loadAddon() says for which processor there is none', () => {
    expect(reason(host({}, { arch: 'riscv64' }))).toContain('there is no binary for linux-riscv64-gnu')
  })

  it('loadAddon() says that it is for Linux only', () => {
    expect(reason(host({ 'build/sock_native.node': {} }, { platform: 'darwin' }))).toContain('this is darwin')
  })

  it('loadAddon() loads nothing in Bun, whose process it would end', () => {
    const found = { 'build/sock_native.node': {} }
    expect(reason(host(found, { versions: { bun: '1.4.5' } }))).toContain('this is bun')
  })

  it('loadAddon() says why a binary cannot be loaded, and tries no other', () => {
    const broken = Object.assign(new Error('undefined symbol: uv_ref'), { code: 'ERR_DLOPEN_FAILED' })
    expect(reason(host({ 'build/sock_native.node': broken, '@sock/native-linux-x64-gnu': {} }))).toContain(
      'undefined symbol: uv_ref',
    )
  })

  it.each([
    [
      'has other numbers',
      { ...numbers, MAX_EVENTS: 256 },
      'MAX_EVENTS is 256 in the binary and 512 in JavaScript',
    ],
    ['has more numbers', { ...numbers, MORE: 1 }, 'MORE is 1 in the binary and undefined in JavaScript'],
    ['has no numbers yet', undefined, 'is undefined in the binary'],
  ])('loadAddon() takes no binary that %s', (_, others, difference) => {
    const createEngine = (): object => ({})
    const found = { 'build/sock_native.node': { numbers: others, createEngine } }
    expect(reason(host(found))).toContain('its binary and its JavaScript are of different versions')
    expect(reason(host(found))).toContain(difference)
  })

  it('loadAddon() says why an engine cannot be made', () => {
    const createEngine = (): never => {
      throw new Error('Too many open files')
    }
    expect(reason(host({ 'build/sock_native.node': { numbers, createEngine } }))).toBe(
      'Cannot use the native engine: Too many open files',
    )
  })

  it('engine.available says whether the addon could be loaded', () => {
    expect(engine.available).toBe('addon' in loadAddon())
  })
})
