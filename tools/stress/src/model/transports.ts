import { isSockError } from '@sock/core'
import type { DatagramFixture, StreamFixture } from '@sock/testing'
import { engine as native } from '@sock/native'
import { connectTcp, createTcpServer } from '@sock/tcp'
import { connectUdp, createUdpServer } from '@sock/udp'
import { connectUnix, createUnixServer } from '@sock/unix'
import { connectUnixgram, createUnixgramServer } from '@sock/unixgram'
import type fc from 'fast-check'
import { createCertificate } from './crowd/means.js'
import { anyProgram, describeProgram, type Program } from './crowd/program.js'
import { anyCluster, describeCluster } from './cluster/program.js'
import { createFolder, type Folder } from './folder.js'
import { LOOPBACK } from './loopback.js'
import { anyPerformance, Stage, type Repertoire, type Verdict } from './stage.js'

export const NAMES = [
  'tcp',
  'tls',
  'unix',
  'udp',
  'unixgram',
  'tcp-native',
  'unix-native',
  'udp-native',
  'unixgram-native',
  'crowd',
  'crowd-native',
  'cluster',
] as const
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
  | {
      /** Whole programs, which another process plays. */
      readonly kind: 'stage'
      readonly fixture: { readonly name: Name }
      perform(patience: number, tell: (verdict: Verdict) => void): fc.IRawProperty<unknown, true>
      close(): Promise<void>
    }

const target = (): string => LOOPBACK

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

const grounds: Readonly<Record<Name, (folder: Folder) => Promise<Ground | undefined>>> = {
  tcp: (folder) => stream(folder, tcp('tcp')),
  tls: async (folder) => stream(folder, await tls()),
  unix: (folder) => stream(folder, unix('unix', folder)),
  udp: (folder) => datagram(folder, udp('udp')),
  unixgram: (folder) => datagram(folder, unixgram('unixgram', folder)),
  'tcp-native': (folder) => stream(folder, tcp('tcp-native', native)),
  'unix-native': (folder) => stream(folder, unix('unix-native', folder, native)),
  'udp-native': (folder) => datagram(folder, udp('udp-native', native)),
  'unixgram-native': (folder) => datagram(folder, unixgram('unixgram-native', folder, native)),
  crowd: (folder) => onStage(folder, 'crowd', CROWD, crowd('node')),
  'crowd-native': async (folder) =>
    native.available ? onStage(folder, 'crowd-native', CROWD, crowd('native')) : undefined,
  cluster: (folder) =>
    onStage(folder, 'cluster', CLUSTER, { programs: anyCluster, describe: describeCluster }),
}

/** The programs that the build makes: another process can run nothing else. */
const CROWD = new URL('../../dist/model/crowd/player.js', import.meta.url)
const CLUSTER = new URL('../../dist/model/cluster/player.js', import.meta.url)

function crowd(engine: Program['engine']): Repertoire<Program> {
  return { programs: anyProgram(engine), describe: describeProgram }
}

async function onStage<P>(
  folder: Folder,
  name: Name,
  player: URL,
  repertoire: Repertoire<P>,
): Promise<Ground> {
  folder.remove()
  const stage = new Stage(player)
  const perform: Extract<Ground, { kind: 'stage' }>['perform'] = (patience, tell) =>
    anyPerformance(stage, repertoire, patience, tell)
  return { kind: 'stage', fixture: { name }, perform, close: () => stage.close() }
}

type Native = typeof native

const tcp = (name: string, engine?: Native): StreamFixture => ({
  name,
  createServer: (handler, options) => createTcpServer(handler, { engine, ...options }),
  target,
  connect: (address, options) => connectTcp(address as never, { engine, ...options }),
})

const unix = (name: string, folder: Folder, engine?: Native): StreamFixture => ({
  name,
  createServer: (handler, options) => createUnixServer(handler, { engine, ...options }),
  target: folder.next,
  leftovers: folder.list,
  connect: (address, options) => connectUnix(address as never, { engine, ...options }),
})

const udp = (name: string, engine?: Native): DatagramFixture => ({
  name,
  pauses: engine !== undefined,
  createServer: (handler, options) => createUdpServer(handler, { engine, ...options }),
  target,
  connect: (address, options) => connectUdp(address as never, { engine, ...options }),
})

const unixgram = (name: string, folder: Folder, engine?: Native): DatagramFixture => ({
  name,
  pauses: engine !== undefined,
  createServer: (handler, options) => createUnixgramServer(handler, { engine, ...options }),
  target: folder.next,
  leftovers: folder.list,
  connect: (address, options) => connectUnixgram(address as never, { engine, ...options }),
})

async function tls(): Promise<StreamFixture> {
  const { cert, key } = await createCertificate()
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
  const taken = await server.listen(fixture.target())
  return { kind: 'stream', fixture, taken, close: () => leave(server, folder) }
}

async function datagram(folder: Folder, fixture: DatagramFixture): Promise<Ground> {
  const server = fixture.createServer(() => {})
  const taken = await server.listen(fixture.target())
  return { kind: 'datagram', fixture, taken, close: () => leave(server, folder) }
}

async function leave(server: { close(): Promise<void> }, folder: Folder): Promise<void> {
  await server.close()
  folder.remove()
}
