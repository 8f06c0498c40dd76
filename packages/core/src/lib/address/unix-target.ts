import { inspect } from 'node:util'
import { unixAddress, type UnixAddress } from './address.js'
import { SockError } from '../errors/errors.js'
import { areParts, checkParts, invalid, notATarget } from './target-parts.js'
import { outOfRange, wrongType, type Check, type Checked } from '../options/check.js'
import { integer, string } from '../options/values.js'

/** A Unix socket to listen on, in parts. */
export interface UnixTarget {
  /** A path, or `@name` for a name in Linux's abstract namespace (unix(7)). */
  path: string
  /** Permissions of the socket file. Default 0o600: only its owner can connect. */
  mode?: number | undefined
  /** Owner of the socket file. Default: the user of the process. */
  uid?: number | undefined
  /** Group of the socket file. Default: the group of the process. */
  gid?: number | undefined
}

/**
 * The name of a Unix socket.
 *
 * @internal
 */
export interface UnixName {
  /** The address as users see it. */
  readonly address: UnixAddress
  /** Whether the name is abstract, so that there is no file. */
  readonly isAbstract: boolean
  /** The name for the system: an abstract one begins with a NUL byte. */
  readonly path: string
}

/** A checked Unix socket to listen on. */
export interface UnixEndpoint extends UnixName {
  /** Permissions of the socket file, 0 to 0o777. */
  readonly mode: number
  /** Owner of the file; `undefined` leaves it as it is. */
  readonly uid: number | undefined
  /** Group of the file; `undefined` leaves it as it is. */
  readonly gid: number | undefined
}

/**
 * The longest path in bytes: sun_path has 108 bytes on Linux (unix(7)) and 104 on macOS and the BSDs, including the
 * final NUL.
 *
 * @internal
 */
export const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103
/** uid_t and gid_t have 32 bits; the highest value means "leave unchanged" (chown(2)). */
const MAX_ID = 2 ** 32 - 2
const MAX_MODE = 0o777
const DEFAULT_MODE = 0o600

/** Permissions written as for chmod(1), so the message can suggest the octal number: `600`, `0600`, `o600`. */
const OCTAL_DIGITS = /^0*o?(?<digits>[0-7]{3})$/i

const fileMode: Check<number | undefined> = (value, name) => {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_MODE) return value
  const text = typeof value === 'string' ? value : inspect(value)
  const digits = OCTAL_DIGITS.exec(text)?.groups?.['digits']
  const expected = `an integer from 0 to 0o777${digits === undefined ? '' : `, like 0o${digits}`}`
  throw typeof value === 'number' ? outOfRange(name, expected, value) : wrongType(name, expected, value)
}

/** Targets of tcp and udp, which would become the names of files: `:80`, `127.0.0.1:80`, `localhost:80`, `[::1]:80`. */
const HOST_AND_PORT = /^(localhost|\d+\.\d+\.\d+\.\d+|\[[\da-f:.]+\])?:\d{1,5}$/i

const pathChecks = { path: string(undefined) }
const listenChecks = {
  ...pathChecks,
  mode: fileMode,
  uid: integer(undefined, 0, MAX_ID),
  gid: integer(undefined, 0, MAX_ID),
}

/**
 * The parts of a Unix target to listen on, first the one that it must have.
 *
 * @internal
 */
export const UNIX_TARGET_KEYS: readonly string[] = Object.keys(listenChecks)

/**
 * Checks a Unix socket to listen on: a path, its parts, or a {@link UnixAddress}.
 *
 * @throws SockError `ERR_SOCK_INVALID_ADDRESS`, `ERR_SOCK_PATH_TOO_LONG`, or `ERR_SOCK_UNSUPPORTED` where the
 * platform has no such sockets or no abstract names
 */
export function parseUnixTarget(target: string | UnixTarget | UnixAddress): UnixEndpoint {
  const parts = check('listen', target, listenChecks)
  const { mode, uid, gid } = parts
  const name = parsePath(parts.path, target)
  if (name.isAbstract && (mode ?? uid ?? gid) !== undefined) {
    throw invalid(target, '"mode", "uid" and "gid" apply to socket files, and an abstract name has none')
  }
  return { ...name, mode: mode ?? DEFAULT_MODE, uid, gid }
}

/** Checks a Unix socket to connect to: a path or a {@link UnixAddress}. Throws like {@link parseUnixTarget}. */
export function parseUnixPath(target: string | Pick<UnixTarget, 'path'> | UnixAddress): UnixName {
  return parsePath(check('connect', target, pathChecks).path, target)
}

function parsePath(path: string | undefined, target: unknown): UnixName {
  if (path === undefined) throw invalid(target, '"path" is missing')
  if (path === '' || path === '@') throw invalid(target, 'the path is empty')
  if (path.endsWith('/') && !path.startsWith('@')) throw invalid(target, 'the path ends with a slash')
  if (typeof target === 'string' && HOST_AND_PORT.test(path)) {
    throw invalid(
      target,
      `this is an address of tcp or udp. Pass a path, such as "./${path}" for a file of this name`,
    )
  }
  if (path.includes('\0')) throw invalid(target, 'the path contains a NUL byte')
  if (process.platform === 'win32') {
    throw unsupported('Unix sockets are not available on Windows: use tcp or udp')
  }
  const length = Buffer.byteLength(path)
  if (length > MAX_PATH_BYTES) {
    const sizes = `it has ${length} bytes, and the system allows ${MAX_PATH_BYTES}`
    const message = `Cannot use the socket path "${path}": ${sizes}. Use a shorter path, or one relative to the working directory`
    throw new SockError('ERR_SOCK_PATH_TOO_LONG', message)
  }
  const isAbstract = path.startsWith('@')
  if (isAbstract && process.platform !== 'linux') {
    throw unsupported(
      `Cannot use the abstract name "${path}": abstract names exist only on Linux. Use a path`,
    )
  }
  return { address: unixAddress(path), isAbstract, path: isAbstract ? `\0${path.slice(1)}` : path }
}

function check<C extends typeof pathChecks>(
  purpose: 'listen' | 'connect',
  target: unknown,
  checks: C,
): Checked<C> {
  const parts = typeof target === 'string' ? { path: target } : withoutFamily(target)
  if (!areParts(parts)) throw notATarget(target, 'a path, "@name" or { path }')
  return checkParts(purpose, target, parts, checks)
}

/** Drops the family of a {@link UnixAddress}, which is a valid target. */
function withoutFamily(target: unknown): unknown {
  if (typeof target !== 'object' || target === null || !Object.hasOwn(target, 'family')) return target
  const { family, ...parts } = target as UnixAddress
  if (family !== 'unix') throw invalid(target, 'expected the address of a Unix socket')
  return parts
}

function unsupported(message: string): SockError {
  return new SockError('ERR_SOCK_UNSUPPORTED', message)
}
