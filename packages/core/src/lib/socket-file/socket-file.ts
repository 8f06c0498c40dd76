import { lstatSync, rmSync } from 'node:fs'

/**
 * Socket files that have their permissions from the beginning, replace nothing but a dead socket, and are removed
 * only if they are still ours.
 *
 * The file system calls in this folder are synchronous on purpose: steps that belong together are not interrupted.
 * They cost a few microseconds per `listen`.
 */

/** Identifies a file, even after its inode number was used again. */
export interface FileId {
  readonly dev: bigint
  readonly ino: bigint
  readonly birthtimeNs: bigint
}

/**
 * A socket file that this process has created.
 *
 * @internal
 */
export interface SocketFile {
  /**
   * Removes the file if it is still ours. Only the first call does anything. Call it while the socket is open:
   * afterwards the inode number may belong to the file of another server.
   *
   * @throws a system error if the process may not remove it, for instance after it dropped privileges
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
