import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseUnixPath } from '@sock/core/transport'

/** A name for a client's socket, in a folder of its own. */
export interface PrivateName {
  readonly path: string
  /** Lets other processes send to the socket, which must be bound. Until then they cannot reach it. */
  open(): void
  /** Removes the socket file and the folder. */
  remove(): void
}

/** Other users can reach a file whose name they know, but cannot list the folder. */
const FOLDER_MODE = 0o711
/** Only the server can send to a connected socket, and it may run as any user. */
const SOCKET_MODE = 0o666

/** The folders in use. */
const folders = new Set<string>()

/**
 * Creates a folder and a name in it. @throws a system error, or SockError `ERR_SOCK_PATH_TOO_LONG` if the folder for
 * temporary files is too deep
 */
export function createPrivateName(): PrivateName {
  const folder = mkdtempSync(join(resolve(tmpdir()), 'sock-'))
  if (folders.size === 0) process.on('exit', removeAll)
  folders.add(folder)
  const path = join(folder, 'client')
  const remove = (): void => {
    folders.delete(folder)
    if (folders.size === 0) process.off('exit', removeAll)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    parseUnixPath(path)
  } catch (error) {
    remove()
    throw error
  }
  return {
    path,
    open() {
      chmodSync(path, SOCKET_MODE)
      chmodSync(folder, FOLDER_MODE)
    },
    remove,
  }
}

/** Removes all folders when the program ends with `process.exit()`. */
function removeAll(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
}
