import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A temporary folder. */
export interface Folder {
  readonly path: string
  /** Returns a new path in the folder, short enough for a Unix socket. */
  next(): string
  /** Removes the folder with its contents. Does nothing if it is gone already. */
  remove(): void
}

/** Creates a folder `sock-NAME-XXXXXX`. */
export function createFolder(name: string): Folder {
  const path = mkdtempSync(join(tmpdir(), `sock-${name}-`))
  let count = 0
  return {
    path,
    next: () => join(path, `${(count += 1)}`),
    // A program that has just ended may still have written a file.
    remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }),
  }
}

/** Runs `act` with a temporary folder, which is removed when `act` has settled. */
export async function withFolder<T>(name: string, act: (folder: Folder) => Promise<T> | T): Promise<T> {
  const folder = createFolder(name)
  try {
    return await act(folder)
  } finally {
    folder.remove()
  }
}
