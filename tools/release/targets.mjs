import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { compile as compileHere, sources } from '../../packages/native/compile.mjs'
import { Failure, inRoot } from './repository.mjs'

/*
 * Compiles the binaries of @sock/native with Debian's compilers. This file imports nothing that must be built or installed,
 * because pnpm runs it when it packs a binary.
 */

/** The platforms with a binary. `triple` is Debian's prefix for its compiler. */
export const TARGETS = {
  'linux-x64-gnu': { cpu: 'x64', libc: 'glibc', triple: 'x86_64-linux-gnu' },
  'linux-arm64-gnu': { cpu: 'arm64', libc: 'glibc', triple: 'aarch64-linux-gnu' },
  'linux-x64-musl': { cpu: 'x64', libc: 'musl', triple: 'x86_64-linux-gnu' },
  'linux-arm64-musl': { cpu: 'arm64', libc: 'musl', triple: 'aarch64-linux-gnu' },
}

/** Makes builds reproducible, and removes symbols. */
const RELEASE = ['-Wdate-time', '-Wl,--build-id=none', '-s']

/** Protection that Debian's compilers know, but not every compiler of a user. compile.mjs has the rest. */
const HARDENED = {
  x64: ['-fstack-clash-protection', '-fcf-protection=full'],
  arm64: ['-fstack-clash-protection', '-mbranch-protection=standard'],
}

/** The path of the binary in the package of a platform. */
export const placeOf = (name) => inRoot('packages/native/npm', name, 'sock_native.node')

const compilerOf = ({ triple }) => `${triple}-gcc`

/** Whether a compiler is installed, with the headers of its C library and of the kernel: Debian packages them separately. */
const hasCompiler = (target) => spawnSync(compilerOf(target), PROBE).status === 0
const PROBE = ['-E', '-include', 'stdlib.h', '-include', 'linux/types.h', '-x', 'c', '/dev/null']

/** Whether this machine can build a binary without further packages. */
export function canBuild(name) {
  const target = TARGETS[name]
  return hasCompiler(target) && (target.libc !== 'musl' || muslHeaders(target) !== undefined)
}

/**
 * Compiles the binary of one platform into `file`.
 *
 * @param compile the `compile` of another copy of the package
 * @throws Failure if there is no such platform, or its compiler is missing
 */
export function buildTarget(name, file = placeOf(name), compile = compileHere) {
  if (!Object.hasOwn(TARGETS, name))
    throw new Failure(`Cannot build "${name}": known are ${Object.keys(TARGETS).join(', ')}`)
  const target = TARGETS[name]
  if (!hasCompiler(target))
    throw new Failure(
      `Cannot build ${name}: there is no ${compilerOf(target)} with its headers. On Debian, \`bash .ci/compilers\` installs it.`,
    )
  const flags = target.libc === 'musl' ? muslFlags(target) : []
  if (!compile(compilerOf(target), [...HARDENED[target.cpu], ...flags, ...RELEASE], file))
    throw new Failure(`Cannot build ${name}`)
}

/** Compiles binaries that are missing or older than their sources. */
export function buildStale(names) {
  const changed = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
  const inputs = [...sources, inRoot('packages/native/compile.mjs'), import.meta.filename]
  for (const name of names) {
    if (!inputs.every((path) => changed(path) < changed(placeOf(name)))) buildTarget(name)
  }
}

/**
 * Debian's compiler for glibc can make binaries for musl, too: with the headers of musl, and without linking a library. musl
 * has no versions of symbols, so the binary finds its functions in the process that loads it.
 */
function muslFlags(target) {
  const musl = muslHeaders(target)
  if (musl === undefined) throw new Failure('Cannot find the headers of musl: `bash .ci/musl` fetches them.')
  const own = spawnSync(compilerOf(target), ['-print-file-name=include'], { encoding: 'utf8' }).stdout.trim()
  // The headers of the kernel are beside those of glibc, which come too late to replace any of musl.
  const { triple } = target
  const kernel = [`/usr/${triple}/include`, `/usr/include/${triple}`, '/usr/include']
  const folders = [musl, own, ...kernel].flatMap((folder) => ['-isystem', folder])
  return ['-nostdinc', ...folders, '-nostdlib', '-lgcc']
}

/** The headers of musl: the installed ones, or those that `.ci/musl` has fetched. */
export const muslHeaders = ({ cpu, triple }) =>
  ['/', inRoot('.cache/binaries', `musl-${cpu}`)]
    .map((root) => join(root, 'usr/include', triple.replace('gnu', 'musl')))
    .find((path) => existsSync(path))
