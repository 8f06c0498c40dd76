import { unixAddress, type UnixAddress } from './address.js'
import { SockError } from './errors.js'
import { invalid } from './ip-target.js'
import { checkOptions, integer, string, type Checked } from './options.js'

/** Where to listen on a Unix socket, in parts. */
export interface UnixTarget {
  /** A path, or `@name` for a name in Linux's abstract namespace (unix(7)). */
  path: string
  /** Permissions of the socket file. Default 0o600: nobody but its owner can connect. */
  mode?: number | undefined
  /** Owner of the socket file. Default: that of the process. */
  uid?: number | undefined
  /** Group of the socket file. Default: that of the process. */
  gid?: number | undefined
}

/** A checked target of a Unix socket. */
export interface UnixEndpoint {
  readonly address: UnixAddress
  /** Whether the name is abstract: there is no file then. */
  readonly isAbstract: boolean
  /** What the system calls it: an abstract name begins with a NUL byte. */
  readonly path: string
  readonly mode: number
  readonly uid: number | undefined
  readonly gid: number | undefined
}

/** sun_path is 108 bytes on Linux (unix(7)) and 104 on macOS and the BSDs, each including the final NUL. */
export const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103
/** uid_t and gid_t are 32 bits; the highest means "leave as it is" (chown(2)). */
const MAX_ID = 2 ** 32 - 2
const MAX_MODE = 0o777
const DEFAULT_MODE = 0o600

/**
 * Checks a target of a Unix socket: a path, its parts, or a {@link UnixAddress}.
 *
 * @throws SockError `ERR_SOCK_INVALID_ADDRESS`, `ERR_SOCK_PATH_TOO_LONG`, or `ERR_SOCK_UNSUPPORTED` where the platform has
 * no such sockets or no abstract names
 */
export function parseUnixTarget(target: string | UnixTarget | UnixAddress): UnixEndpoint {
  const parts = check(typeof target === 'string' ? { path: target } : withoutFamily(target), target)
  const { path, mode, uid, gid } = parts
  if (path === '' || path === '@') throw invalid(target, 'the path is empty')
  if (path.endsWith('/') && !path.startsWith('@')) throw invalid(target, 'the path ends with a slash')
  if (path.includes('\0')) throw invalid(target, 'the path contains a NUL byte')
  if (process.platform === 'win32')
    throw unsupported('Unix sockets are not available on Windows: use tcp or udp')
  const length = Buffer.byteLength(path)
  if (length > MAX_PATH_BYTES) {
    const message = `Socket path has ${length} bytes, the system takes ${MAX_PATH_BYTES}: "${path}"`
    throw new SockError('ERR_SOCK_PATH_TOO_LONG', message)
  }
  const isAbstract = path.startsWith('@')
  if (isAbstract && process.platform !== 'linux')
    throw unsupported(`Abstract names exist only on Linux: "${path}"`)
  if (isAbstract && (mode ?? uid ?? gid) !== undefined) {
    throw invalid(target, '"mode", "uid" and "gid" need a file, which an abstract name has not')
  }
  return {
    address: unixAddress(path),
    isAbstract,
    path: isAbstract ? `\0${path.slice(1)}` : path,
    mode: mode ?? DEFAULT_MODE,
    uid,
    gid,
  }
}

const checks = {
  path: string(undefined),
  mode: integer(undefined, 0, MAX_MODE),
  uid: integer(undefined, 0, MAX_ID),
  gid: integer(undefined, 0, MAX_ID),
}

function check(parts: unknown, target: unknown): Checked<typeof checks> & { path: string } {
  try {
    const { path, ...rest } = checkOptions('target', parts ?? null, checks)
    if (path === undefined) throw new TypeError('"path" is missing')
    return { path, ...rest }
  } catch (error) {
    throw invalid(target, (error as Error).message, error)
  }
}

/** A {@link UnixAddress} is a target too. */
function withoutFamily(target: unknown): unknown {
  if (typeof target !== 'object' || target === null || !Object.hasOwn(target, 'family')) return target
  const { family, ...parts } = target as UnixAddress
  if (family !== 'unix') throw invalid(target, 'not the address of a Unix socket')
  return parts
}

function unsupported(message: string): SockError {
  return new SockError('ERR_SOCK_UNSUPPORTED', message)
}
