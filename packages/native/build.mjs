// Compiles the addon with the C compiler that is there: `node build.mjs [flag…]`, flags being further ones of the compiler.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const folder = import.meta.dirname
const headers = join(dirname(createRequire(import.meta.url).resolve('node-api-headers')), 'include')
const flags = [
  '-std=gnu11',
  '-O2',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-fPIC',
  '-shared',
  // Only the entry point is seen from outside; what is Node's own is found when the addon is loaded.
  '-fvisibility=hidden',
]

const files = readdirSync(join(folder, 'c')).map((name) => join(folder, 'c', name))
const target = join(folder, 'build', 'sock_native.node')

const changed = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
const isFresh = () => [...files, import.meta.filename].every((path) => changed(path) < changed(target))

/** @returns whether the addon is there now */
function compile(compiler, more) {
  const sources = files.filter((name) => name.endsWith('.c'))
  mkdirSync(dirname(target), { recursive: true })
  // Written beside its place: an addon that a process has loaded must not change under it.
  const fresh = `${target}.${process.pid}`
  const { error, status } = spawnSync(
    compiler,
    [...flags, `-I${headers}`, ...more, ...sources, '-o', fresh],
    { stdio: 'inherit' },
  )
  if (error?.code === 'ENOENT') return false
  if (error !== undefined) throw error
  if (status !== 0) process.exit(1)
  renameSync(fresh, target)
  return true
}

const compiler = process.env['CC'] ?? 'cc'
const more = process.argv.slice(2)
if (process.platform !== 'linux') {
  console.error(`@sock/native: not compiled, since this is ${process.platform} and the engine is for Linux`)
} else if (more.length > 0 || !isFresh()) {
  if (!compile(compiler, more))
    console.error(
      `@sock/native: not compiled, since there is no C compiler "${compiler}"; its tests are skipped`,
    )
}
