import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder for sockets, and what is in it. */
export interface Folder {
  readonly next: () => string
  readonly list: () => readonly string[]
  readonly remove: () => void
}

export function createFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'sock-model-'))
  let count = 0
  return {
    next: () => join(path, `${(count += 1)}`),
    list: () => readdirSync(path),
    remove: () => rmSync(path, { recursive: true }),
  }
}
