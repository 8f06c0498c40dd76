import { lstatSync, rmSync } from 'node:fs'

/**
 * Socket files that appear with their permissions, never replace anything but a dead socket, and go only if they are
 * still ours.
 *
 * The file system calls in this folder are synchronous on purpose: what must happen together happens together, at the cost
 * of some microseconds per `listen`.
 */

/** What tells one file from another, also after its number was used again. */
export interface FileId {
  readonly dev: bigint
  readonly ino: bigint
  readonly birthtimeNs: bigint
}

/**
 * A socket file that we have made.
 *
 * @internal
 */
export interface SocketFile {
  /**
   * Removes the file if it is still ours. Only the first call does anything, and has to come while the socket is open:
   * once it is closed, its number may belong to the file of a successor.
   *
   * @throws a system error if it may not be removed, as after giving up the rights it was made with
   */
  remove(): void
}

export function createFile(path: string, id: FileId): SocketFile {
  let isRemoved = false
  return {
    remove() {
      if (isRemoved) return
      isRemoved = true
      if (isFile(path, id)) rmSync(path, { force: true })
    },
  }
}

export function fileId(path: string): FileId | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })
}

export function isFile(path: string, id: FileId): boolean {
  const found = fileId(path)
  return found?.ino === id.ino && found.dev === id.dev && found.birthtimeNs === id.birthtimeNs
}
