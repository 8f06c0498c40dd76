import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseUnixPath } from '@sock/core/transport'

/** A name for the socket of a client, in a folder that was made for it. */
export interface PrivateName {
  readonly path: string
  /** Lets others send to the socket, which has to be bound. Until then nobody else can reach it. */
  open(): void
  /** Removes socket and folder. */
  remove(): void
}

/** Others can reach what they know the name of, and cannot look around. */
const FOLDER_MODE = 0o711
/** Only the server can send to a connected socket, and it may belong to any user. */
const SOCKET_MODE = 0o666

/** Folders that are in use. */
const folders = new Set<string>()

/** @throws a system error, or SockError `ERR_SOCK_PATH_TOO_LONG` if the folder for temporary files is too deep */
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

/** A program that ends by `process.exit()` leaves nothing either. */
function removeAll(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
}
