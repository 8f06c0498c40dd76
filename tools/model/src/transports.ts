import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isSockError } from '@sock/core'
import type { DatagramFixture, StreamFixture } from '@sock/core/testing'
import { engine } from '@sock/native'
import { connectTcp, createTcpServer } from '@sock/tcp'
import { connectUdp, createUdpServer } from '@sock/udp'
import { connectUnix, createUnixServer } from '@sock/unix'
import { connectUnixgram, createUnixgramServer } from '@sock/unixgram'
import { generate } from 'selfsigned'

export const NAMES = ['tcp', 'tls', 'unix', 'udp', 'unixgram', 'tcp-native', 'unix-native'] as const
export type Name = (typeof NAMES)[number]

/** A transport on which sequences run, with a target that is taken already. */
export type Ground =
  | {
      readonly kind: 'stream'
      readonly fixture: StreamFixture
      readonly taken: unknown
      close(): Promise<void>
    }
  | {
      readonly kind: 'datagram'
      readonly fixture: DatagramFixture
      readonly taken: unknown
      close(): Promise<void>
    }

/** A folder for sockets, and what is in it. */
interface Folder {
  readonly next: () => string
  readonly list: () => readonly string[]
  readonly remove: () => void
}

function createFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'sock-model-'))
  let count = 0
  return {
    next: () => join(path, `${(count += 1)}`),
    list: () => readdirSync(path),
    remove: () => rmSync(path, { recursive: true }),
  }
}

const target = (): string => '127.0.0.1:0'

/** @returns `undefined` where the transport cannot run: Unix datagrams and the native engine need a native module */
export async function createGround(name: Name): Promise<Ground | undefined> {
  const folder = createFolder()
  try {
    return await grounds[name](folder)
  } catch (error) {
    folder.remove()
    if (!isSockError(error, 'ERR_SOCK_NATIVE_UNAVAILABLE')) throw error
    return undefined
  }
}

const grounds: Readonly<Record<Name, (folder: Folder) => Promise<Ground>>> = {
  tcp: (folder) =>
    stream(folder, {
      name: 'tcp',
      createServer: createTcpServer,
      target,
      connect: (address, options) => connectTcp(address as never, options),
    }),
  tls: async (folder) => stream(folder, await tls()),
  unix: (folder) =>
    stream(folder, {
      name: 'unix',
      createServer: createUnixServer,
      target: folder.next,
      leftovers: folder.list,
      connect: (address, options) => connectUnix(address as never, options),
    }),
  'tcp-native': (folder) =>
    stream(folder, {
      name: 'tcp-native',
      createServer: (handler, options) => createTcpServer(handler, { engine, ...options }),
      target,
      connect: (address, options) => connectTcp(address as never, { engine, ...options }),
    }),
  'unix-native': (folder) =>
    stream(folder, {
      name: 'unix-native',
      createServer: (handler, options) => createUnixServer(handler, { engine, ...options }),
      target: folder.next,
      leftovers: folder.list,
      connect: (address, options) => connectUnix(address as never, { engine, ...options }),
    }),
  udp: (folder) =>
    datagram(folder, {
      name: 'udp',
      createServer: createUdpServer,
      target,
      connect: (address, options) => connectUdp(address as never, options),
    }),
  unixgram: (folder) =>
    datagram(folder, {
      name: 'unixgram',
      createServer: createUnixgramServer,
      target: folder.next,
      leftovers: folder.list,
      connect: (address, options) => connectUnixgram(address as never, options),
    }),
}

/** Elliptic curves, since a handshake with RSA takes several times as long. */
async function tls(): Promise<StreamFixture> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
  })
  return {
    name: 'tls',
    target,
    createServer: (handler, options) => createTcpServer(handler, { tls: { cert, key }, ...options }),
    connect: (address, options) =>
      connectTcp(address as never, { tls: { ca: cert }, serverName: 'localhost', ...options }),
  }
}

async function stream(folder: Folder, fixture: StreamFixture): Promise<Ground> {
  const server = fixture.createServer(() => {})
  const taken = await server.listen(fixture.target() as never)
  return { kind: 'stream', fixture, taken, close: () => leave(server, folder) }
}

async function datagram(folder: Folder, fixture: DatagramFixture): Promise<Ground> {
  const server = fixture.createServer(() => {})
  const taken = await server.listen(fixture.target() as never)
  return { kind: 'datagram', fixture, taken, close: () => leave(server, folder) }
}

async function leave(server: { close(): Promise<void> }, folder: Folder): Promise<void> {
  await server.close()
  folder.remove()
}
