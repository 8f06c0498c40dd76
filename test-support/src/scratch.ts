import { afterEach, beforeEach } from '@jest/globals'
import { chmodSync, existsSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createFolder, type Folder } from '@sock/tools/folder'
import { later, release } from './resources.js'

/** A folder for the sockets of one test. */
export interface Scratch {
  /** Its path. */
  readonly folder: string
  /** The path of a name in the folder. */
  path(name?: string): string
  /** The names of the files in the folder. */
  names(): string[]
  /** Returns the path of a file that the test creates itself, and that may be left at the end. */
  own(name?: string): string
  /** Adds a path outside the folder that must not exist at the end. */
  watch(path: string): void
  /** Calls a function after the test, the last one first. */
  later(close: () => unknown): void
  /** Listens on a stream socket at `path`. */
  listenStream(path: string): Promise<void>
}

/**
 * Gives each test its own folder `sock-NAME-XXXXXX`. After the test, and after everything passed to `later()`, checks that
 * the folder is empty. resources.ts checks sockets and uncaught errors.
 */
export function useFolder(name: string): Scratch {
  let folder: Folder
  let own = new Set<string>()
  let watched: string[] = []
  beforeEach(() => {
    folder = createFolder(name)
    // Other users may list it, as is common.
    chmodSync(folder.path, 0o755)
    own = new Set()
    watched = []
  })
  afterEach(async () => {
    await release()
    const left = [...scratch.names().filter((file) => !own.has(file)), ...watched.filter(existsSync)]
    folder.remove()
    if (left.length > 0) throw new Error(`Left behind: ${left.join(', ')}`)
  })
  const scratch: Scratch = {
    get folder() {
      return folder.path
    },
    path: (file = 'app.sock') => join(folder.path, file),
    names: () => readdirSync(folder.path).toSorted(),
    own(file = 'app.sock') {
      own.add(file)
      return scratch.path(file)
    },
    watch: (path) => void watched.push(path),
    later,
    async listenStream(path) {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(path, resolve))
      later(() => new Promise((resolve) => server.close(resolve)))
    },
  }
  return scratch
}
