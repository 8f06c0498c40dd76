import { randomBytes } from 'node:crypto'
import { linkSync, lstatSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { checkNetwork } from '../address/network-permission.js'
import type { UnixEndpoint } from '../address/unix-target.js'
import { ignore } from '../async/deferred.js'
import { findSocket, judge, MAX_ROUNDS, othersStart, removeDead } from './dead-socket.js'
import { setMode, setOwner } from './file-access.js'
import { absolute, withShortPath } from './short-path.js'
import { createFile, fileId, type FileId, type SocketFile } from './socket-file.js'

/**
 * How long a probe waits for the server's end, in ms. Closing at once would reset the connection of a server that
 * greets.
 */
const PROBE_GOODBYE = 100

/**
 * Creates the socket file of a listener: binds it in a private folder beside the target, sets its mode and owner
 * there, and links it to its name, which fails if that name exists. So at no moment can a client connect with other
 * permissions, and `process.umask` is not touched.
 *
 * Rejects with `ERR_SOCK_PATH_NOT_SOCKET`, `ERR_SOCK_PATH_IN_USE` or a system error, and leaves nothing then.
 *
 * @internal
 * @param bind opens the listener at a path; it is closed here if a later step fails
 */
export async function createSocketFile<
  Listener extends {
    /** Closes the listener; called when a step after the bind fails. */
    close(): Promise<void>
  },
>(
  endpoint: UnixEndpoint,
  bind: (path: string) => Promise<Listener>,
): Promise<{
  /** What `bind` resolved with. */
  readonly listener: Listener
  /** Its socket file. */
  readonly file: SocketFile
}> {
  // First, since a socket at this path is probed.
  checkNetwork()
  const path = absolute(endpoint.path)
  await inspect(path)
  const folder = makePrivateFolder(path)
  let listener: Listener | undefined
  try {
    const hidden = `${folder}/${randomBytes(4).toString('hex')}`
    listener = await withShortPath(hidden, bind)
    setMode(hidden, endpoint)
    setOwner(hidden, endpoint, lstatSync(hidden))
    const id = fileId(hidden) as FileId
    await linkTo(hidden, path)
    return { listener, file: createFile(path, id) }
  } catch (error) {
    await listener?.close()
    throw error
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Creates a folder beside `path` that no other user can enter. */
function makePrivateFolder(path: string): string {
  try {
    return mkdtempSync(`${dirname(path)}/.sock-`)
  } catch (error) {
    // The error names the target instead of the private folder.
    throw Object.assign(error as Error, { path })
  }
}

/** Links the socket at `hidden` to `path`, after removing a dead socket there. */
async function linkTo(hidden: string, path: string): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    try {
      linkSync(hidden, path)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const dead = await inspect(path)
    if (dead !== undefined) removeDead(path, dead)
  }
  throw othersStart(path)
}

/**
 * Returns the id of a dead socket at `path`, or `undefined` if there is nothing.
 *
 * @throws SockError for anything that must not be removed
 */
async function inspect(path: string): Promise<FileId | undefined> {
  const stat = findSocket(path)
  return stat === undefined ? undefined : judge(path, stat, await withShortPath(path, probe))
}

/** Connects and closes in order. @returns why it failed, or `undefined` if a server accepted */
function probe(path: string): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((settle) => {
    const socket = connect({ path })
    socket.once('error', settle)
    socket.once('connect', () => {
      const goodbye = setTimeout(() => socket.destroy(), PROBE_GOODBYE)
      socket.off('error', settle).on('error', ignore)
      socket.once('close', () => {
        clearTimeout(goodbye)
        settle(undefined)
      })
      socket.resume().end()
    })
  })
}
