import { execFileSync } from 'node:child_process'

const readelf = (...args) =>
  execFileSync('readelf', ['--wide', ...args], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })

/** What a binary is for, as readelf(1) calls it. */
export const machineOf = (file) => /Machine: +(.+)/.exec(readelf('--file-header', file))[1]

/** Names that a binary asks its process for, without versions; weak ones may be missing and are left out. */
export function wantedSymbols(file) {
  const rows = readelf('--dyn-syms', file).matchAll(/ GLOBAL +DEFAULT +UND (\S+)/g)
  return [...rows].map(([, name]) => name.split('@')[0])
}

/** Versions of glibc that a binary asks for: `['2.2.5', '2.17']`. */
export function wantedVersions(file) {
  return [...readelf('--version-info', file).matchAll(/Name: GLIBC_(\S+)/g)].map(([, version]) => version)
}

/** Names that a static library has. */
export function libraryHas(file) {
  const rows = readelf('--symbols', file).matchAll(/ (?:GLOBAL|WEAK) +(?:DEFAULT|PROTECTED) +\d+ (\S+)/g)
  return new Set([...rows].map(([, name]) => name))
}

/** Whether it works here: it comes with the compiler. */
export function hasReadelf() {
  try {
    readelf('--version')
    return true
  } catch (error) {
    if (error.code === 'ENOENT') return false
    throw error
  }
}
