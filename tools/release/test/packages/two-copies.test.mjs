import { afterEach, beforeAll, expect, it } from '@jest/globals'
import { join } from 'node:path'
import { unpack } from '../../packed.mjs'
import { scratchFolder, tarballs } from '../support.mjs'

/*
 * What npm installs when two packages want different versions of core: the user and tcp share one copy, unix has one of its
 * own, in its own folder.
 */
const scratch = scratchFolder()
const modules = join(scratch, 'node_modules/@sock')
const THEIRS = 'unix/node_modules/@sock/core'

let ours, theirs, tcp, unix
beforeAll(async () => {
  for (const folder of ['core', 'tcp', 'unix', THEIRS])
    unpack(tarballs[`@sock/${folder.split('/').at(-1)}`], join(modules, folder))
  const load = (path, door = 'index') => import(join(modules, path, 'dist', `${door}.js`))
  ours = await load('core')
  theirs = { ...(await load(THEIRS)), ...(await load(THEIRS, 'stream')) }
  tcp = await load('tcp')
  unix = await load('unix')
})

const running = []
afterEach(() => Promise.all(running.splice(0).map((server) => server.close())))

const echo = async (channel) => {
  for await (const chunk of channel) await channel.write(chunk)
}

async function listen(server) {
  running.push(server)
  return server.listen(server.transport === 'tcp' ? '127.0.0.1:0' : join(scratch, 'two.sock'))
}

it('a handler of tcp goes on over a connection of unix that has another copy of core, to its end', async () => {
  const behind = await listen(unix.createUnixServer(echo))
  const proxy = tcp.createTcpServer(async (client) => {
    const upstream = await unix.connectUnix(behind)
    await client.write(await ours.exchange(upstream, await client.read()))
  })
  const target = await listen(proxy)
  expect(theirs.formatAddress(target)).toBe(`${target}`)
  expect(`${await theirs.exchange(await tcp.connectTcp(target), 'through')}`).toBe('through')
  expect(await proxy.shutdown()).toMatchObject({ forced: 0 })
})

it('an engine of another copy of core moves the bytes', async () => {
  const target = await listen(tcp.createTcpServer(echo, { engine: theirs.nodeEngine }))
  expect(`${await ours.exchange(await tcp.connectTcp(target), 'bytes')}`).toBe('bytes')
})

it('ids are unique across two copies of core', async () => {
  const ids = []
  for (const [create, connect] of [
    [tcp.createTcpServer, tcp.connectTcp],
    [unix.createUnixServer, unix.connectUnix],
  ]) {
    const server = create(echo)
    server.on('connection', ({ id, state }) => state === 'new' && ids.push(id))
    const target = await listen(server)
    for (let round = 0; round < 3; round++) {
      const connection = await connect(target)
      ids.push(connection.id)
      await ours.exchange(connection, 'x')
    }
  }
  expect(ids).toHaveLength(12)
  expect(new Set(ids).size).toBe(12)
})
