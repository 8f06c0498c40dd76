import { linkSync, lstatSync, rmSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { SockError } from '../errors/errors.js'
import { isFile, type FileId } from './socket-file.js'

/** Two servers may replace the same socket at the same time; each round lets one of them proceed. */
export const MAX_ROUNDS = 20

/** A claim is held for microseconds. An older one was left by a process that was killed. In ms. */
const CLAIM_MAX_AGE = 10_000

/** Returns the socket at `path`, if there is one. @throws SockError if the path is something else */
export function findSocket(path: string): FileId | undefined {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  if (stat === undefined || stat.isSocket()) return stat
  throw new SockError(
    'ERR_SOCK_PATH_NOT_SOCKET',
    `Cannot listen on "${path}": the path exists and is not a socket. Remove it, or choose another path`,
  )
}

/**
 * Decides from an attempt to connect whether the socket `id` at `path` is dead.
 *
 * @param cause why the attempt failed; `undefined` if it succeeded
 * @returns the id if the socket is dead, `undefined` if it is gone
 * @throws SockError if it may be in use
 */
export function judge(
  path: string,
  id: FileId,
  cause: NodeJS.ErrnoException | undefined,
): FileId | undefined {
  // Only a socket that no process has open refuses the connection. After any other result, it may be in use.
  if (cause?.code === 'ECONNREFUSED') return id
  if (cause?.code === 'ENOENT') return undefined
  const details = cause === undefined ? {} : { cause }
  const why =
    cause?.code === 'EACCES'
      ? 'a socket exists there, and the process may not connect to it to see whether it is in use. Run as its owner, or choose another path'
      : 'the socket there is in use. Stop its server, or choose another path'
  throw new SockError('ERR_SOCK_PATH_IN_USE', `Cannot listen on "${path}": ${why}`, details)
}

/**
 * Removes a dead socket, but nothing that replaced it in the meantime. Of several processes only one gets the claim:
 * a link to the dead socket whose name contains its inode number, so it can exist only once. No process removes a
 * socket without the claim to it, so the winner's new socket is safe from the others.
 */
export function removeDead(path: string, dead: FileId): void {
  const claim = `${dirname(path)}/.${basename(path)}.${dead.ino}.dead`
  try {
    linkSync(path, claim)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return
    if (code !== 'EEXIST') throw inUse(path, error)
    const left = lstatSync(claim, { throwIfNoEntry: false })
    if (left !== undefined && Date.now() - left.ctimeMs > CLAIM_MAX_AGE) rmSync(claim, { force: true })
    return
  }
  try {
    if (isFile(claim, dead)) rmSync(path, { force: true })
  } finally {
    rmSync(claim, { force: true })
  }
}

export function othersStart(path: string): SockError {
  return new SockError(
    'ERR_SOCK_PATH_IN_USE',
    `Cannot listen on "${path}": other servers are starting on the same path. Give each server its own path`,
  )
}

function inUse(path: string, cause: unknown): SockError {
  const message = `Cannot listen on "${path}": the stale socket file there cannot be removed. Remove it as its owner, or choose another path`
  return new SockError('ERR_SOCK_PATH_IN_USE', message, { cause })
}
