import { afterEach, beforeEach } from '@jest/globals'
import { chmodSync, linkSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { types } from 'node:util'
import type { StreamHandler } from '@sock/core'
import {
  connectUnix,
  createUnixServer,
  type Connection,
  type UnixClientOptions,
  type UnixServer,
  type UnixServerOptions,
} from '../../src/index.js'
import { startChild, type Child, type Task } from './child.js'
import { until } from './until.js'

/**
 * Gives each test a folder of its own, and looks after it that nothing is left: everything that was made by way of the
 * scratch is closed, and then no socket, private folder or claim may be in the folder, and no descriptor be open.
 */
export function useScratch(): Scratch {
  const scratch = new Scratch()
  beforeEach(() => scratch.open())
  afterEach(() => scratch.close())
  return scratch
}

export class Scratch {
  folder = ''
  #descriptors = 0
  #closers: (() => unknown)[] = []
  /** Names in the folder that the test itself has put there. */
  #own = new Set<string>()

  open(): void {
    this.folder = mkdtempSync(join(tmpdir(), 'unix-'))
    // Other users may look, as they may in most folders.
    chmodSync(this.folder, 0o755)
    this.#own = new Set()
    this.#descriptors = countSockets()
  }

  async close(): Promise<void> {
    try {
      for (const close of this.#closers.splice(0).toReversed()) await close()
      const left = this.names().filter((name) => !this.#own.has(name))
      if (left.length > 0) throw new Error(`Left in the folder: ${left.join(', ')}`)
      await until(() => countSockets() <= this.#descriptors, 'descriptors are closed')
    } finally {
      rmSync(this.folder, { recursive: true, force: true })
    }
  }

  /** The path of a name in the folder. */
  path(name = 'app.sock'): string {
    return join(this.folder, name)
  }

  /** What is in the folder. */
  names(): string[] {
    return readdirSync(this.folder).toSorted()
  }

  /** The path of something that the test makes itself, and that may be left at its end. */
  own(name = 'app.sock'): string {
    this.#own.add(name)
    return this.path(name)
  }

  later(close: () => unknown): void {
    this.#closers.push(close)
  }

  server(handler: StreamHandler = echo, options?: UnixServerOptions): UnixServer {
    const server = createUnixServer(handler, options)
    this.later(() => server.close())
    return server
  }

  async connect(target: Parameters<typeof connectUnix>[0], options?: UnixClientOptions): Promise<Connection> {
    const connection = await connectUnix(target, options)
    this.later(() => connection.destroy())
    return connection
  }

  child<Args extends unknown[], Result>(task: Task<Args, Result>, ...args: Args): Child<Result> {
    const child = startChild(task, ...args)
    this.later(() => child.kill())
    return child
  }
}

export const echo: StreamHandler = async (connection) => {
  for await (const chunk of connection) await connection.write(chunk)
}

/** Sends `request` and collects the answer to its end. */
export async function ask(connection: Connection, request: string | Buffer): Promise<string> {
  void connection.write(request)
  void connection.closeWrite()
  const chunks: Buffer[] = []
  for await (const chunk of connection) chunks.push(chunk)
  await connection.close()
  return Buffer.concat(chunks).toString()
}

/** Puts a socket at `path` that nobody has bound any more. */
export async function leaveDeadSocket(path: string): Promise<void> {
  const hidden = `${path}~`
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(hidden, resolve))
  // Closing takes away only the name that was bound.
  linkSync(hidden, path)
  await new Promise((resolve) => server.close(resolve))
}

/** The error of something that has to fail. */
export async function failure(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  const result = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  // Node's own errors are made outside of the realm that jest makes for a test.
  if (!types.isNativeError(result)) throw new Error('Expected a failure')
  return result
}

function countSockets(): number {
  if (process.platform !== 'linux') return 0
  const isSocket = (fd: string): boolean => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')
    } catch {
      // The descriptor that lists the others is closed by now.
      return false
    }
  }
  return readdirSync('/proc/self/fd').filter(isSocket).length
}
