import { SockError } from '@sock/core'
import { createRequire } from 'node:module'
import type { Addon } from './addon.js'

/** Where the build script of a clone leaves the addon, seen from `src/lib` and `dist/lib` alike. */
const BUILT_HERE = '../../build/sock_native.node'

/** The addon, or why there is none. */
export type Loaded = { readonly addon: Addon } | { readonly error: SockError }

/** Loads the addon for this platform. Never throws: an application may go on without. */
export function loadAddon(): Loaded {
  if (process.platform !== 'linux') return unavailable(`it is for Linux, and this is ${process.platform}`)
  try {
    return { addon: createRequire(import.meta.url)(BUILT_HERE) as Addon }
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND'
    const reason = isMissing ? 'it has not been built' : (cause as Error).message
    return unavailable(reason, cause)
  }
}

function unavailable(reason: string, cause?: unknown): Loaded {
  const details = cause === undefined ? {} : { cause }
  const message = `Cannot use the native engine: ${reason}`
  return { error: new SockError('ERR_SOCK_NATIVE_UNAVAILABLE', message, details) }
}
