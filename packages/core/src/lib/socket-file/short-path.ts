import { closeSync, constants, openSync } from 'node:fs'
import { basename, dirname, isAbsolute } from 'node:path'
import { MAX_PATH_BYTES } from '../address/unix-target.js'
import { SockError } from '../errors/errors.js'

/**
 * The name of a socket file that is the same from everywhere; or the one given, if the system cannot take that.
 *
 * @internal
 */
export function bindable(path: string): string {
  const full = absolute(path)
  return fits(full) ? full : path
}

/**
 * The path from the root, since the process may go to another folder while this is under way, or later. What
 * `path.resolve()` and `path.join()` do beyond that is wrong for files: `a/..` is another folder if `a` is a symlink.
 */
export function absolute(path: string): string {
  return isAbsolute(path) ? path : `${process.cwd()}/${path}`
}

/**
 * Hands over a path that fits a socket address: where `path` itself is too long, one by way of a descriptor of its
 * folder.
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
    `Cannot use the socket path "${path}": it is too long to be used safely. Use a shorter one`,
  )
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= MAX_PATH_BYTES
}
