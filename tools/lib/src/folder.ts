import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A temporary folder. */
export interface Folder {
  readonly path: string
  /** A path in it that was not given before: short enough for a Unix socket. */
  next(): string
  /** Removes it with everything in it. Harmless if it has gone. */
  remove(): void
}

/** @param name says whose folder it is: the folder is called `sock-NAME-XXXXXX` */
export function createFolder(name: string): Folder {
  const path = mkdtempSync(join(tmpdir(), `sock-${name}-`))
  let count = 0
  return {
    path,
    next: () => join(path, `${(count += 1)}`),
    // Programs that have just ended may still have written.
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
