import { closeSync, constants, openSync } from 'node:fs'
import { basename, dirname, isAbsolute } from 'node:path'
import { MAX_PATH_BYTES } from '../address/unix-target.js'
import { SockError } from '../errors/errors.js'

/**
 * Returns the absolute name of a socket file, or the given one if the absolute one is too long for the system.
 *
 * @internal
 */
export function bindable(path: string): string {
  const full = absolute(path)
  return fits(full) ? full : path
}

/**
 * Returns the absolute path, since the process may change its working directory. Unlike `path.resolve()` and
 * `path.join()` it does not normalise: if `a` is a symlink, `a/..` is another folder.
 */
export function absolute(path: string): string {
  return isAbsolute(path) ? path : `${process.cwd()}/${path}`
}

/**
 * Calls `use` with a path that fits a socket address. If `path` is too long, it passes one through a file descriptor
 * of the folder.
 */
export async function withShortPath<T>(path: string, use: (path: string) => Promise<T>): Promise<T> {
  if (fits(path)) return use(path)
  const descriptor = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    const short = `/proc/self/fd/${descriptor}/${basename(path)}`
    if (process.platform === 'linux' && fits(short)) return await use(short)
  } finally {
    closeSync(descriptor)
  }
  throw new SockError(
    'ERR_SOCK_PATH_TOO_LONG',
    `Cannot use the socket path "${path}": it is too long to be created safely. Use a shorter path`,
  )
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= MAX_PATH_BYTES
}
