import { posix } from 'node:path'
import { importsOf } from './sources.mjs'

/** What a package's sources may import beside node: and, in a transport, @sock/core. */
const nativeDependencies = { unixgram: ['unix-dgram'] }

/** Folders of core: the machinery of one kind of transport, and what is for any, behind `@sock/core/transport`. */
const machinery = ['stream', 'datagram']
const behindTransport = ['address', 'errors', 'options', 'socket-file']

/** Which way the packages, and the two halves of core, depend on each other. See "Layout" in the design. */
export function boundaries(path, text) {
  const [, name, place] = /^packages\/([^/]+)\/(src|test)\/.*\.ts$/.exec(path) ?? []
  if (!name) return []
  return importsOf(text).flatMap((module) => {
    const problem = module.startsWith('.')
      ? problemInside(path, name, posix.join(posix.dirname(path), module))
      : problemOutside(path, name, place, module)
    return problem ? [`imports '${module}': ${problem}`] : []
  })
}

/** Of a relative import, given as a path from the root. */
function problemInside(path, name, target) {
  if (!target.startsWith(`packages/${name}/`)) return 'another package is imported by its name'
  if (path.includes('/src/') && !target.startsWith(`packages/${name}/src/`))
    return 'what is published is in src'
  const [from, to] = [path, target].map((it) => /^packages\/core\/src\/lib\/([\w-]+)\//.exec(it)?.[1])
  if (!machinery.includes(to) || from === to) return false
  if (machinery.includes(from)) return 'core/stream and core/datagram do not know each other'
  return behindTransport.includes(from) && 'core/transport loads no machinery of one kind'
}

/** Of an import by name. */
function problemOutside(path, name, place, module) {
  const [, sibling] = /^@sock\/([^/]+)/.exec(module) ?? []
  // Which knows none of them, and under which their tests run too.
  const isEngine = sibling === 'native' && place === 'test'
  // Whose suites and fake ports all tests may use.
  const isTesting = sibling === 'testing' && place === 'test'
  if (sibling && sibling !== name && sibling !== 'core' && !isEngine && !isTesting)
    return 'a transport is imported only by programs and examples'
  if (path.startsWith('packages/core/src/lib/datagram/') && module === 'node:dgram')
    return 'the machinery speaks to ports, not to sockets'
  const isAllowed =
    module.startsWith('node:') ||
    (sibling === 'core' && name !== 'core') ||
    nativeDependencies[name]?.includes(module)
  return place === 'src' && !isAllowed && 'sources import only node: modules and @sock/core'
}
