import { linkSync, lstatSync, rmSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { SockError } from '../errors/errors.js'
import { isFile, type FileId } from './socket-file.js'

/** Two servers may be at it at the same time; each round one of them gets on. */
export const MAX_ROUNDS = 20

/** A claim is held for microseconds: one that is older was left by a process that was killed. */
const CLAIM_MAX_AGE = 10_000

/** @throws SockError if there is something else than a socket */
export function findSocket(path: string): FileId | undefined {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  if (stat === undefined || stat.isSocket()) return stat
  throw new SockError(
    'ERR_SOCK_PATH_NOT_SOCKET',
    `Cannot listen on "${path}": there is something else than a socket. Look what it is, and remove it or choose another path`,
  )
}

/**
 * @param cause why nobody could connect to the socket `id` at `path`
 * @returns the id if it is dead, and nothing if it is gone
 * @throws SockError if it may be alive
 */
export function judge(
  path: string,
  id: FileId,
  cause: NodeJS.ErrnoException | undefined,
): FileId | undefined {
  // Only a socket that nobody has bound refuses; any other answer, or none, may come from one that lives.
  if (cause?.code === 'ECONNREFUSED') return id
  if (cause?.code === 'ENOENT') return undefined
  const details = cause === undefined ? {} : { cause }
  const why =
    cause?.code === 'EACCES'
      ? 'another socket is there, and no permission to find out whether it is in use. Choose another path, or run as its user'
      : 'another socket is in use there. Stop its server, or choose another path'
  throw new SockError('ERR_SOCK_PATH_IN_USE', `Cannot listen on "${path}": ${why}`, details)
}

/**
 * Removes a dead socket, and nothing that came to its place since it was looked at. Of several who want to, one has the
 * claim: a link to the dead socket, whose name is made from the socket's number, and which therefore exists once. Nobody
 * removes a socket without the claim to it, so what the winner puts in its place is safe from the others.
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
    `Cannot listen on "${path}": other servers start there too. Let only one of them use this path`,
  )
}

function inUse(path: string, cause: unknown): SockError {
  const message = `Cannot listen on "${path}": the dead socket there cannot be removed. Remove it as its owner, or choose another path`
  return new SockError('ERR_SOCK_PATH_IN_USE', message, { cause })
}
