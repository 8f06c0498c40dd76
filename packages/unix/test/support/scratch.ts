import type { StreamHandler } from '@sock/core'
import { echo } from '@sock/testing'
import { useFolder, type Scratch as Folder } from '@sock/test-support/scratch'
import { linkSync } from 'node:fs'
import { createServer } from 'node:net'
import {
  connectUnix,
  createUnixServer,
  type Connection,
  type UnixClientOptions,
  type UnixServer,
  type UnixServerOptions,
} from '../../src/index.js'
import { startChild } from './child.js'

/** A folder for one test, and what makes servers, clients and processes that are closed after it. */
export interface Scratch extends Folder {
  server(handler?: StreamHandler, options?: UnixServerOptions): UnixServer
  connect(target: Parameters<typeof connectUnix>[0], options?: UnixClientOptions): Promise<Connection>
  readonly child: typeof startChild
}

/** Gives each test a folder of its own, in which nothing may be left. */
export function useScratch(): Scratch {
  const folder = useFolder('unix')
  return Object.assign(folder, {
    server(handler: StreamHandler = echo, options?: UnixServerOptions) {
      const server = createUnixServer(handler, options)
      folder.later(() => server.close())
      return server
    },
    async connect(target: Parameters<typeof connectUnix>[0], options?: UnixClientOptions) {
      const connection = await connectUnix(target, options)
      folder.later(() => connection.destroy())
      return connection
    },
    child: startChild,
  })
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

/** Creates a dead socket at `path`. */
export async function leaveDeadSocket(path: string): Promise<void> {
  const hidden = `${path}~`
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(hidden, resolve))
  // Closing takes away only the name that was bound.
  linkSync(hidden, path)
  await new Promise((resolve) => server.close(resolve))
}
