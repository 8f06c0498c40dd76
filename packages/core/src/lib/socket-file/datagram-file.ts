import { fchmodSync, lstatSync, rmSync } from 'node:fs'
import type { UnixEndpoint } from '../address/unix-target.js'
import { findSocket, judge, MAX_ROUNDS, othersStart, removeDead } from './dead-socket.js'
import { setMode, setOwner } from './file-access.js'
import { absolute, bindable } from './short-path.js'
import { createFile, isFile, type FileId, type SocketFile } from './socket-file.js'

/**
 * How to bind a datagram socket, and how to look at what is at a path. Both are done at once.
 *
 * @internal
 */
export interface SocketFileActions {
  /** Gives the socket this name. @throws the system's error */
  readonly bind: (name: string) => void
  /** Connects another socket to this name. @returns why that failed */
  readonly probe: (name: string) => NodeJS.ErrnoException | undefined
  /** That of the socket. On Linux its mode becomes that of the file, so that `process.umask` is not touched. Default: none is known. */
  readonly descriptor?: number | undefined
}

/**
 * Makes the socket file of a datagram socket. Replies carry the name that was bound, so it is bound in place; and all is
 * done in one go, since without a descriptor `process.umask` is another one meanwhile.
 *
 * @internal
 * @throws SockError `ERR_SOCK_PATH_NOT_SOCKET` or `ERR_SOCK_PATH_IN_USE`, or a system error; nothing is left then
 */
export function bindSocketFile(endpoint: UnixEndpoint, actions: SocketFileActions): SocketFile {
  const path = absolute(endpoint.path)
  const name = bindable(endpoint.path)
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const stat = findSocket(path)
    const dead = stat === undefined ? undefined : judge(path, stat, actions.probe(name))
    if (dead !== undefined) removeDead(path, dead)
    try {
      bindWithMode(endpoint, name, actions)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      continue
    }
    return createFile(path, finish(path, endpoint))
  }
  throw othersStart(path)
}

/**
 * Lets the file appear with its mode, and not with one that has to be taken back. What the umask takes away, and bits that
 * would be given to the wrong group, come with {@link finish}.
 */
function bindWithMode({ mode, gid }: UnixEndpoint, name: string, actions: SocketFileActions): void {
  const first = gid === undefined ? mode : mode & ~0o070
  if (actions.descriptor !== undefined && process.platform === 'linux') {
    // Linux makes the file with the mode of the socket, less the umask, which in a worker thread cannot be set.
    fchmodSync(actions.descriptor, first)
    actions.bind(name)
    return
  }
  // Other threads of the process may create files at this moment: they get the same mode.
  const before = process.umask(~first & 0o777)
  try {
    actions.bind(name)
  } finally {
    process.umask(before)
  }
}

/** Gives a file that was just made its owner and mode, or removes it. */
function finish(path: string, endpoint: UnixEndpoint): FileId {
  const found = lstatSync(path, { bigint: true })
  try {
    setOwner(path, endpoint, found)
    if ((Number(found.mode) & 0o777) !== endpoint.mode) setMode(path, endpoint)
    if (!isFile(path, found)) throw othersStart(path)
    return found
  } catch (error) {
    if (isFile(path, found)) rmSync(path, { force: true })
    throw error
  }
}
