import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const folder = import.meta.dirname

/** In an order that is the same everywhere: it decides where things lie in the binary. */
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
  // Only the entry point is seen from outside; what is Node's own is found when the addon is loaded.
  '-fvisibility=hidden',
  // All of it then: what a host does not have is an error at once, not the end of the process at the first call.
  '-Wl,-z,now',
  // Where the sources lie must not be seen in the binary.
  `-ffile-prefix-map=${folder}=.`,
]

/** A flag for builds that tests and sanitizers run: what must hold is looked at (c/check.h). */
export const CHECKED = '-DSOCK_CHECKED'

const besideNode = join(dirname(process.execPath), '..', 'include', 'node')

/** The headers of Node-API: of its package or, where that is not installed, those that a distribution of Node brings. */
export function headers() {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('node-api-headers')), 'include')
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error
    return existsSync(besideNode) ? besideNode : undefined
  }
}

/** libuv's, where a distribution of Node brings it: without, c/libuv.h declares the same. */
export const libuvHeaders = () => (existsSync(join(besideNode, 'uv.h')) ? ['-isystem', besideNode] : [])

/**
 * Compiles the addon. Messages of the compiler go to this process's own output.
 *
 * @returns whether the addon is there now; `undefined` if there is no such compiler
 */
export function compile(compiler, flags, target) {
  mkdirSync(dirname(target), { recursive: true })
  // Written beside its place: an addon that a process has loaded must not change under it.
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
