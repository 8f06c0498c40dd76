import { afterEach, beforeEach } from '@jest/globals'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { later, release } from './resources.js'

/** A folder for the sockets of one test. */
export interface Scratch {
  /** Its path. */
  readonly folder: string
  /** The path of a name in the folder. */
  path(name?: string): string
  /** What is in the folder. */
  names(): string[]
  /** The path of something that the test makes itself, and that may be left at its end. */
  own(name?: string): string
  /** A path elsewhere that must be gone at the end. */
  watch(path: string): void
  /** Closes something after the test, the latest first. */
  later(close: () => unknown): void
  /** Puts a stream socket at `path` that somebody listens on. */
  listenStream(path: string): Promise<void>
}

/**
 * Gives each test a folder of its own, and looks after it that nothing is left in it, once all that was given to `later()` is
 * closed. Descriptors and failures that nobody caught are seen to by resources.ts.
 */
export function useFolder(prefix: string): Scratch {
  let folder = ''
  let own = new Set<string>()
  let watched: string[] = []
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), `${prefix}-`))
    // Other users may look, as they may in most folders.
    chmodSync(folder, 0o755)
    own = new Set()
    watched = []
  })
  afterEach(async () => {
    await release()
    const left = [...scratch.names().filter((name) => !own.has(name)), ...watched.filter(existsSync)]
    rmSync(folder, { recursive: true, force: true })
    if (left.length > 0) throw new Error(`Left behind: ${left.join(', ')}`)
  })
  const scratch: Scratch = {
    get folder() {
      return folder
    },
    path: (name = 'app.sock') => join(folder, name),
    names: () => readdirSync(folder).toSorted(),
    own(name = 'app.sock') {
      own.add(name)
      return scratch.path(name)
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
