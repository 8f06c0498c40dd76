import { SockError } from '@sock/core'
import type { Addon, Binary } from './addon.js'
import { thisHost, type Host } from './host.js'
import { numbers } from './numbers.js'

/** The addon built in a clone, as seen from `src/lib` and `dist/lib` alike. */
const BUILT_HERE = '../../build/sock_native.node'
/** A place for the addon in a bundled application. */
const BESIDE = './sock_native.node'
/** The binaries, each a package of its own, `@sock/native-…`; npm installs the one that fits. */
const PREBUILT = ['linux-x64-gnu', 'linux-x64-musl', 'linux-arm64-gnu', 'linux-arm64-musl']
/**
 * Runtimes with Node-API but without Node's event loop, which the addon needs: Bun 1.4 exits at once, Deno 2.9
 * crashes at exit.
 */
const WITHOUT_LIBUV = ['bun', 'deno']

/** The addon, or a function that returns why there is none. */
export type Loaded =
  { readonly addon: Addon; readonly isChecked: boolean } | { readonly error: () => SockError }

/**
 * Loads the addon for this platform, and creates an engine, which is not shared with other copies of this package.
 * Never throws, since an application may use another engine instead.
 */
export function loadAddon(host: Host = thisHost): Loaded {
  const { platform, versions } = host
  if (platform !== 'linux') return unavailable(`it needs Linux, and this is ${platform}`)
  const runtime = WITHOUT_LIBUV.find((name) => versions[name] !== undefined)
  if (runtime !== undefined) return unavailable(`it needs the event loop of Node, and this is ${runtime}`)
  try {
    const binary = (load(host, BUILT_HERE) ?? load(host, BESIDE) ?? loadPrebuilt(host)) as Binary
    checkNumbers(binary.numbers ?? {})
    return { addon: binary.createEngine(), isChecked: binary.checked === true }
  } catch (cause) {
    return unavailable((cause as Error).message, cause)
  }
}

function loadPrebuilt(host: Host): unknown {
  const name = `${host.platform}-${host.arch}-${host.libc()}`
  if (!PREBUILT.includes(name)) throw new Error(`there is no binary for ${name}. Build it from source`)
  const addon = load(host, `@sock/native-${name}`)
  if (addon === undefined)
    throw new Error(
      `its binary for this system is missing. Install @sock/native-${name}, or build it from source`,
    )
  return addon
}

/** @returns `undefined` if the file is missing. Throws if it exists and cannot be loaded */
function load(host: Host, id: string): unknown {
  try {
    return host.load(id)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

/** Checks that both sides agree on the layout of their shared memory. @throws Error if they do not */
function checkNumbers(compiled: Readonly<Record<string, number>>): void {
  for (const name of Object.keys({ ...numbers, ...compiled })) {
    const [here, there] = [numbers[name], compiled[name]]
    if (here !== there)
      throw new Error(
        `its binary and its JavaScript are of different versions (${name} is ${there} in the binary and ${here} in JavaScript). ` +
          'Install both again, or build the binary again',
      )
  }
}

function unavailable(reason: string, cause?: unknown): Loaded {
  const details = cause === undefined ? {} : { cause }
  const message = `Cannot use the native engine: ${reason}`
  return { error: () => new SockError('ERR_SOCK_NATIVE_UNAVAILABLE', message, details) }
}
