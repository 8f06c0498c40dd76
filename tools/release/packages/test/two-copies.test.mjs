import { afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { inRoot } from '../../../checks/bootstrap/workspace.mjs'
import { scratchFolder, tarballs, unpack } from './support/tarballs.mjs'

/*
 * What npm installs when two packages want different versions of core: the user and tcp share one copy, unix and
 * unixgram have one of their own, each in its own folder.
 */
const scratch = scratchFolder()
const modules = join(scratch, 'node_modules')
const installed = [
  ['@sock/core', '@sock/core'],
  ['@sock/tcp', '@sock/tcp'],
  ['@sock/unix', '@sock/unix'],
  ['@sock/core', '@sock/unix/node_modules/@sock/core'],
  ['@sock/unixgram', '@sock/unixgram'],
  ['@sock/core', '@sock/unixgram/node_modules/@sock/core'],
]

let ours, theirs, tcp, unix, unixgram, theirStream, theirTransport
beforeAll(async () => {
  for (const [name, folder] of installed) unpack(tarballs[name], join(modules, folder))
  symlinkSync(inRoot('packages/unixgram/node_modules/unix-dgram'), join(modules, 'unix-dgram'))
  const load = (path, door = 'index') => import(join(modules, path, 'dist', `${door}.js`))
  ours = await load('@sock/core')
  theirs = await load('@sock/unix/node_modules/@sock/core')
  theirStream = await load('@sock/unix/node_modules/@sock/core', 'stream')
  theirTransport = await load('@sock/unix/node_modules/@sock/core', 'transport')
  tcp = await load('@sock/tcp')
  unix = await load('@sock/unix')
  unixgram = await load('@sock/unixgram')
})

const running = []
afterEach(() => Promise.all(running.splice(0).map((server) => server.close())))

async function listen(server, target) {
  running.push(server)
  return server.listen(target)
}

const path = (name) => join(scratch, `${name}.sock`)
const echo = async (channel) => {
  for await (const chunk of channel) await channel.write(chunk)
}

describe('two copies of core', () => {
  it('are two', () => {
    expect(theirs.SockError).not.toBe(ours.SockError)
  })

  it('isSockError() knows errors of both, and instanceof does not', async () => {
    const error = await unix.connectUnix('').catch((refusal) => refusal)
    expect(error).toBeInstanceOf(theirs.SockError)
    expect(error).not.toBeInstanceOf(ours.SockError)
    expect(ours.isSockError(error, 'ERR_SOCK_INVALID_ADDRESS')).toBe(true)
    expect(ours.isSockError(error, 'ERR_SOCK_CLOSED')).toBe(false)
    expect(theirs.isSockError(await tcp.connectTcp('').catch((refusal) => refusal))).toBe(true)
  })

  it('isExpectedClose() knows errors of both, also as a cause', () => {
    const closed = new theirs.SockError('ERR_SOCK_CLOSED', 'Connection is closed')
    expect(ours.isExpectedClose(new Error('Cannot answer', { cause: closed }))).toBe(true)
    expect(ours.isExpectedClose(new theirs.SockError('ERR_SOCK_INVALID_STATE', 'x'))).toBe(false)
  })

  it('exchange() takes connections and datagram channels of another copy', async () => {
    const target = await listen(unix.createUnixServer(echo), path('exchange'))
    const signal = AbortSignal.timeout(10_000)
    expect(`${await ours.exchange(await unix.connectUnix(target), 'hello', { signal })}`).toBe('hello')

    const datagrams = await listen(unixgram.createUnixgramServer(echo), path('datagrams'))
    const channel = await unixgram.connectUnixgram(datagrams)
    expect(`${await ours.exchange(channel, 'hello', { signal })}`).toBe('hello')
    expect(channel.isOpen).toBe(false)
  })

  it('a handler of tcp goes on over a connection of unix, to its end', async () => {
    const behind = await listen(unix.createUnixServer(echo), path('behind'))
    const proxy = tcp.createTcpServer(async (client) => {
      const upstream = await unix.connectUnix(behind)
      await client.write(await ours.exchange(upstream, await client.read()))
    })
    const target = await listen(proxy, '127.0.0.1:0')
    expect(`${await theirs.exchange(await tcp.connectTcp(target), 'through')}`).toBe('through')
    expect(await proxy.shutdown()).toMatchObject({ forced: 0 })
  })

  it('an error of another copy is the reason that was given, and not a cause of it', async () => {
    const target = await listen(unix.createUnixServer(echo), path('reason'))
    const connection = await unix.connectUnix(target)
    const reason = new ours.SockError('ERR_SOCK_IDLE_TIMEOUT', 'Nothing moved')
    const { signal } = connection
    connection.destroy(reason)
    expect(signal.reason).toBe(reason)
  })

  it('an address of another copy is a target', async () => {
    const address = await listen(tcp.createTcpServer(echo), '127.0.0.1:0')
    expect(theirs.formatAddress(address)).toBe(`${address}`)
    const server = unix.createUnixServer(echo)
    const parsed = theirTransport.parseUnixPath(path('address')).address
    expect(`${await listen(server, parsed)}`).toBe(path('address'))
  })

  it('an engine of another copy moves the bytes', async () => {
    const target = await listen(tcp.createTcpServer(echo, { engine: theirStream.nodeEngine }), '127.0.0.1:0')
    expect(`${await ours.exchange(await tcp.connectTcp(target), 'bytes')}`).toBe('bytes')
  })

  it('ids are unique across both', async () => {
    const ids = []
    const note = (server) => server.on('connection', ({ id, state }) => state === 'new' && ids.push(id))
    const servers = [tcp.createTcpServer(echo), unix.createUnixServer(echo)]
    servers.forEach(note)
    const overTcp = await listen(servers[0], '127.0.0.1:0')
    const overUnix = await listen(servers[1], path('ids'))
    for (let round = 0; round < 3; round++) {
      const connections = [await tcp.connectTcp(overTcp), await unix.connectUnix(overUnix)]
      ids.push(...connections.map(({ id }) => id))
      for (const connection of connections) await ours.exchange(connection, 'x')
    }
    expect(ids).toHaveLength(12)
    expect(new Set(ids).size).toBe(12)
  })
})
