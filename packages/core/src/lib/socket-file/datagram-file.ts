import { fchmodSync, lstatSync, rmSync } from 'node:fs'
import type { UnixEndpoint } from '../address/unix-target.js'
import { findSocket, judge, MAX_ROUNDS, othersStart, removeDead } from './dead-socket.js'
import { setMode, setOwner } from './file-access.js'
import { absolute, bindable } from './short-path.js'
import { createFile, isFile, type FileId, type SocketFile } from './socket-file.js'

/**
 * Binds a datagram socket, and probes the socket at a path. Both are synchronous.
 *
 * @internal
 */
export interface SocketFileActions {
  /** Binds the socket to this name. @throws the system's error */
  readonly bind: (name: string) => void
  /** Connects another socket to this name. @returns why that failed */
  readonly probe: (name: string) => NodeJS.ErrnoException | undefined
  /**
   * The file descriptor of the socket. On Linux the file gets its mode, so `process.umask` stays as it is. Default:
   * unknown.
   */
  readonly descriptor?: number | undefined
}

/**
 * Creates the socket file of a datagram socket. Replies carry the bound name, so the socket is bound to the final
 * name directly. Everything is synchronous, since without a file descriptor `process.umask` is changed meanwhile.
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
    return createFile(path, setAccess(path, endpoint))
  }
  throw othersStart(path)
}

/**
 * Binds so that the file has its mode from the beginning. Bits that the umask removes, and bits that would apply to
 * the wrong group, are set in {@link setAccess}.
 */
function bindWithMode({ mode, gid }: UnixEndpoint, name: string, actions: SocketFileActions): void {
  const first = gid === undefined ? mode : mode & ~0o070
  if (actions.descriptor !== undefined && process.platform === 'linux') {
    // Linux creates the file with the mode of the socket, less the umask. A worker thread cannot set the umask.
    fchmodSync(actions.descriptor, first)
    actions.bind(name)
    return
  }
  // Other threads of the process that create a file now get the same mode.
  const before = process.umask(~first & 0o777)
  try {
    actions.bind(name)
  } finally {
    process.umask(before)
  }
}

/** Sets owner and mode of the new file, or removes it. */
function setAccess(path: string, endpoint: UnixEndpoint): FileId {
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
