import { SockError } from '@sock/core'
import type { Addon, Binary } from './addon.js'
import { thisHost, type Host } from './host.js'
import { numbers } from './numbers.js'

/** Where the build script of a clone leaves the addon, seen from `src/lib` and `dist/lib` alike. */
const BUILT_HERE = '../../build/sock_native.node'
/** Where whoever bundles an application may put it. */
const BESIDE = './sock_native.node'
/** Each is a package of its own, `@sock/native-…`, of which npm installs the one that fits. */
const PREBUILT = ['linux-x64-gnu', 'linux-x64-musl', 'linux-arm64-gnu', 'linux-arm64-musl']
/** They have Node-API, but not Node's loop, which the addon joins: Bun 1.4 ends the process at once, Deno 2.9 crashes at its end. */
const WITHOUT_LIBUV = ['bun', 'deno']

/** The addon, or why there is none. */
export type Loaded = { readonly addon: Addon } | { readonly error: () => SockError }

/**
 * Loads the addon for this platform, and makes an engine, which no other copy of this package shares. Never throws: an
 * application may go on without.
 */
export function loadAddon(host: Host = thisHost): Loaded {
  const { platform, versions } = host
  if (platform !== 'linux') return unavailable(`it is for Linux, and this is ${platform}`)
  const runtime = WITHOUT_LIBUV.find((name) => versions[name] !== undefined)
  if (runtime !== undefined) return unavailable(`it needs the event loop of Node, and this is ${runtime}`)
  try {
    const binary = (load(host, BUILT_HERE) ?? load(host, BESIDE) ?? loadPrebuilt(host)) as Binary
    checkNumbers(binary.numbers ?? {})
    return { addon: binary.createEngine() }
  } catch (cause) {
    return unavailable((cause as Error).message, cause)
  }
}

function loadPrebuilt(host: Host): unknown {
  const name = `${host.platform}-${host.arch}-${host.libc()}`
  if (!PREBUILT.includes(name))
    throw new Error(`there is no binary for ${name}, and none was built from source`)
  const addon = load(host, `@sock/native-${name}`)
  if (addon === undefined)
    throw new Error(
      `its binary for this system is missing; install @sock/native-${name}, or build it from source`,
    )
  return addon
}

/** @returns `undefined` if it is not there; what is there and cannot be loaded throws */
function load(host: Host, id: string): unknown {
  try {
    return host.load(id)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

/** Both sides read and write the same memory. @throws Error if they do not agree on how it is divided */
function checkNumbers(compiled: Readonly<Record<string, number>>): void {
  for (const name of Object.keys({ ...numbers, ...compiled })) {
    const [here, there] = [numbers[name], compiled[name]]
    if (here !== there)
      throw new Error(
        `its binary is of another version than its JavaScript (${name} is ${there} there and ${here} here); ` +
          'install both anew, or build the binary again',
      )
  }
}

function unavailable(reason: string, cause?: unknown): Loaded {
  const details = cause === undefined ? {} : { cause }
  const message = `Cannot use the native engine: ${reason}`
  return { error: () => new SockError('ERR_SOCK_NATIVE_UNAVAILABLE', message, details) }
}
