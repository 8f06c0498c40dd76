import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { compile as compileHere, sources } from '../../../packages/native/compile.mjs'
import { Failure } from '../../checks/bootstrap/failure.mjs'
import { inRoot } from '../../checks/bootstrap/workspace.mjs'
import { hasMuslHeaders, muslHeaders } from './musl.mjs'

/** Every platform that has a binary, by the end of its package's name. `triple` is how Debian calls its compiler. */
export const TARGETS = {
  'linux-x64-gnu': { cpu: 'x64', libc: 'glibc', triple: 'x86_64-linux-gnu' },
  'linux-arm64-gnu': { cpu: 'arm64', libc: 'glibc', triple: 'aarch64-linux-gnu' },
  'linux-x64-musl': { cpu: 'x64', libc: 'musl', triple: 'x86_64-linux-gnu' },
  'linux-arm64-musl': { cpu: 'arm64', libc: 'musl', triple: 'aarch64-linux-gnu' },
}

/** Debian's packages of a compiler and its headers. */
const PACKAGES = {
  'x86_64-linux-gnu': 'gcc-x86-64-linux-gnu and libc6-dev',
  'aarch64-linux-gnu': 'gcc-aarch64-linux-gnu and libc6-dev-arm64-cross',
}

const compilerOf = ({ triple }) => `${triple}-gcc`

/** With the headers of its C library and of the kernel, which Debian has in packages of their own. */
const hasCompiler = (target) => spawnSync(compilerOf(target), PROBE).status === 0
const PROBE = ['-E', '-include', 'stdlib.h', '-include', 'linux/types.h', '-x', 'c', '/dev/null']

/** Where its package wants the binary. */
export const placeOf = (name) => inRoot('packages/native/npm', name, 'sock_native.node')

const changed = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0

/** Whether there is such a binary, and it is younger than all that it is made of. */
export function isFresh(file) {
  const inputs = [...sources, inRoot('packages/native/compile.mjs'), import.meta.filename]
  return inputs.every((path) => changed(path) < changed(file))
}

/** Nothing that differs from one build to the next, and no names of what is inside. */
const RELEASE = ['-Wdate-time', '-Wl,--build-id=none', '-s']

/**
 * Compiles the binary of one target into `file`. Throws if its compiler is missing.
 *
 * @param compile that of another copy of the package
 */
export async function buildTarget(name, file = placeOf(name), compile = compileHere) {
  const target = TARGETS[name]
  const compiler = compilerOf(target)
  if (!hasCompiler(target))
    throw new Failure(
      `Cannot build ${name}: there is no ${compiler} with its headers, which Debian's packages ${PACKAGES[target.triple]} bring`,
    )
  const flags = target.libc === 'musl' ? await muslFlags(target) : []
  if (!compile(compiler, [...flags, ...RELEASE], file)) throw new Failure(`Cannot build ${name}`)
}

/** Whether it can be built without fetching anything. */
export function canBuild(name) {
  const target = TARGETS[name]
  return hasCompiler(target) && (target.libc !== 'musl' || hasMuslHeaders(target.cpu))
}

/**
 * With Debian's compiler for glibc: its headers make way for those of musl, and nothing is linked. musl has no versions of
 * symbols; what the binary uses of it is found in the process that loads it.
 */
async function muslFlags(target) {
  const ownHeaders = spawnSync(compilerOf(target), ['-print-file-name=include'], { encoding: 'utf8' })
  const folders = [await muslHeaders(target.cpu), ownHeaders.stdout.trim(), kernelHeaders(target)]
  return ['-nostdinc', ...folders.flatMap((folder) => ['-isystem', folder]), '-nostdlib', '-lgcc']
}

/** A folder with those of the kernel alone, without those of glibc that lie beside them. */
function kernelHeaders({ cpu, triple }) {
  const folder = inRoot('.cache/binaries', `kernel-${cpu}`)
  const roots = [`/usr/${triple}/include`, `/usr/include/${triple}`, '/usr/include']
  mkdirSync(folder, { recursive: true })
  for (const part of ['linux', 'asm', 'asm-generic']) {
    const found = roots.map((root) => join(root, part)).find((path) => existsSync(path))
    if (found === undefined) throw new Failure(`Cannot find the headers <${part}/…> of the kernel`)
    link(found, join(folder, part))
  }
  return folder
}

function link(target, path) {
  try {
    symlinkSync(target, path)
  } catch (error) {
    // From another time, or by another process that builds just now.
    if (error.code !== 'EEXIST') throw error
  }
}
