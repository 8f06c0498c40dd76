import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const folder = import.meta.dirname

/** Sorted, since the order decides the layout of the binary: it must be the same everywhere. */
export const sources = readdirSync(join(folder, 'c'))
  .toSorted()
  .map((name) => join(folder, 'c', name))

const FLAGS = [
  '-std=gnu11',
  '-O2',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-fPIC',
  '-shared',
  // Exports only the entry point. Node's own symbols are resolved when the addon is loaded.
  '-fvisibility=hidden',
  // Any compiler knows these. Those of one processor or of newer compilers are in tools/release/targets.mjs.
  '-fstack-protector-strong',
  // Undefined first, since some compilers define it themselves. It has no effect with musl.
  '-U_FORTIFY_SOURCE',
  '-D_FORTIFY_SOURCE=3',
  // Resolves all symbols at once: a missing one is an error at loading, not a crash at the first call. Their table is
  // read-only from then on.
  '-Wl,-z,relro,-z,now',
  '-Wl,-z,noexecstack',
  // Keeps the path of the sources out of the binary.
  `-ffile-prefix-map=${folder}=.`,
]

/** A flag for tests and sanitizers, which enables the checks of invariants (c/check.h). */
export const CHECKED = '-DSOCK_CHECKED'

const besideNode = join(dirname(process.execPath), '..', 'include', 'node')

/** Returns the folder of the Node-API headers: from their package, or else from the installation of Node. */
export function headers() {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('node-api-headers')), 'include')
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error
    return existsSync(besideNode) ? besideNode : undefined
  }
}

/** Returns flags for libuv's headers, if the installation of Node has them. Otherwise c/libuv.h declares the same. */
const libuvHeaders = () => (existsSync(join(besideNode, 'uv.h')) ? ['-isystem', besideNode] : [])

/**
 * Compiles the addon. The compiler's messages go to this process's own output.
 *
 * @returns whether the addon exists now; `undefined` if the compiler is missing
 */
export function compile(compiler, flags, target) {
  mkdirSync(dirname(target), { recursive: true })
  // Compile to another name first: a loaded addon must not change on disk.
  const fresh = `${target}.${process.pid}`
  const files = sources.filter((name) => name.endsWith('.c'))
  const { error, status } = spawnSync(
    compiler,
    [...FLAGS, `-I${headers()}`, ...libuvHeaders(), ...files, ...flags, '-o', fresh],
    { stdio: 'inherit' },
  )
  if (error?.code === 'ENOENT') return undefined
  if (error !== undefined) throw error
  if (status === 0) renameSync(fresh, target)
  else rmSync(fresh, { force: true })
  return status === 0
}
