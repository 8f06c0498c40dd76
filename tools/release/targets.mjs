import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { compile as compileHere, sources } from '../../packages/native/compile.mjs'
import { Failure, inRoot } from './repository.mjs'

/*
 * The binaries of @sock/native, compiled by Debian's compilers. This file needs nothing that has to be built or installed:
 * pnpm starts it when it packs a binary.
 */

/** Every platform that has a binary. `triple` is how Debian calls its compiler. */
export const TARGETS = {
  'linux-x64-gnu': { cpu: 'x64', libc: 'glibc', triple: 'x86_64-linux-gnu' },
  'linux-arm64-gnu': { cpu: 'arm64', libc: 'glibc', triple: 'aarch64-linux-gnu' },
  'linux-x64-musl': { cpu: 'x64', libc: 'musl', triple: 'x86_64-linux-gnu' },
  'linux-arm64-musl': { cpu: 'arm64', libc: 'musl', triple: 'aarch64-linux-gnu' },
}

/** Debian's packages with a compiler and its headers. */
export const PACKAGES = {
  'x86_64-linux-gnu': ['gcc-x86-64-linux-gnu', 'libc6-dev'],
  'aarch64-linux-gnu': ['gcc-aarch64-linux-gnu', 'libc6-dev-arm64-cross'],
}

/** Nothing that differs from one build to the next, and no names of what is inside. */
const RELEASE = ['-Wdate-time', '-Wl,--build-id=none', '-s']

/** Where the package of a platform wants its binary. */
export const placeOf = (name) => inRoot('packages/native/npm', name, 'sock_native.node')

const compilerOf = ({ triple }) => `${triple}-gcc`

/** With the headers of its C library and of the kernel, which are Debian packages of their own. */
const hasCompiler = (target) => spawnSync(compilerOf(target), PROBE).status === 0
const PROBE = ['-E', '-include', 'stdlib.h', '-include', 'linux/types.h', '-x', 'c', '/dev/null']

/** Whether a binary can be built on this machine as it is. */
export function canBuild(name) {
  const target = TARGETS[name]
  return hasCompiler(target) && (target.libc !== 'musl' || muslHeaders(target) !== undefined)
}

/**
 * Compiles the binary of one platform into `file`.
 *
 * @param compile that of another copy of the package
 * @throws Failure if its compiler is missing
 */
export function buildTarget(name, file = placeOf(name), compile = compileHere) {
  const target = TARGETS[name]
  if (!hasCompiler(target)) {
    const packages = PACKAGES[target.triple].join(' and ')
    throw new Failure(
      `Cannot build ${name}: there is no ${compilerOf(target)} with its headers. Install Debian's packages ${packages}.`,
    )
  }
  const flags = target.libc === 'musl' ? muslFlags(target) : []
  if (!compile(compilerOf(target), [...flags, ...RELEASE], file)) throw new Failure(`Cannot build ${name}`)
}

/** Compiles the binaries of some platforms where they are missing, or older than what they are made of. */
export function buildStale(names) {
  const changed = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
  const inputs = [...sources, inRoot('packages/native/compile.mjs'), import.meta.filename]
  for (const name of names) {
    if (!inputs.every((path) => changed(path) < changed(placeOf(name)))) buildTarget(name)
  }
}

/**
 * Debian's compiler for glibc makes binaries for musl too: it gets the headers of musl instead of its own, and links
 * nothing. musl has no versions of symbols; the binary finds what it uses in the process that loads it.
 */
function muslFlags(target) {
  const musl = muslHeaders(target)
  if (musl === undefined) throw new Failure('Cannot find the headers of musl: `bash .ci/musl` fetches them.')
  const own = spawnSync(compilerOf(target), ['-print-file-name=include'], { encoding: 'utf8' }).stdout.trim()
  const folders = [musl, own, kernelHeaders(target)]
  return ['-nostdinc', ...folders.flatMap((folder) => ['-isystem', folder]), '-nostdlib', '-lgcc']
}

/** A folder with the headers of the kernel alone: Debian keeps them beside those of glibc. */
function kernelHeaders({ cpu, triple }) {
  const folder = inRoot('.cache/binaries', `kernel-${cpu}`)
  const roots = [`/usr/${triple}/include`, `/usr/include/${triple}`, '/usr/include']
  mkdirSync(folder, { recursive: true })
  for (const part of ['linux', 'asm', 'asm-generic']) {
    const found = roots.map((root) => join(root, part)).find((path) => existsSync(path))
    if (found === undefined) throw new Failure(`Cannot find the headers <${part}/…> of the kernel`)
    try {
      symlinkSync(found, join(folder, part))
    } catch (error) {
      // From an earlier build, or by another process that builds at the same time.
      if (error.code !== 'EEXIST') throw error
    }
  }
  return folder
}

/** The headers of musl: the installed ones, or those that `.ci/musl` has fetched. */
export const muslHeaders = ({ cpu, triple }) =>
  ['/', inRoot('.cache/binaries', `musl-${cpu}`)]
    .map((root) => join(root, 'usr/include', triple.replace('gnu', 'musl')))
    .find((path) => existsSync(path))
