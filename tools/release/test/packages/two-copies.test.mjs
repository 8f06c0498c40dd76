import { afterEach, expect, it } from '@jest/globals'
import { join } from 'node:path'
import { unpack } from '../../packed.mjs'
import { createProject, folderOf, tarballs } from '../support.mjs'

/*
 * What npm installs when two packages want different versions of core: the user and tcp share one copy, unix has one of its
 * own, in its own folder.
 */
const project = createProject()
const unixFolder = join(project, 'node_modules/@sock/unix')
const theirFolder = join(unixFolder, 'node_modules/@sock/core')
unpack(tarballs['@sock/unix'], unixFolder)
unpack(tarballs['@sock/core'], theirFolder)

const load = (folder, entryPoint = 'index') => import(join(folder, 'dist', `${entryPoint}.js`))
const ours = await load(folderOf('@sock/core'))
const tcp = await load(folderOf('@sock/tcp'))
const unix = await load(unixFolder)
const theirs = { ...(await load(theirFolder)), ...(await load(theirFolder, 'stream')) }

const running = []
afterEach(() => Promise.all(running.splice(0).map((server) => server.close())))

const echo = async (channel) => {
  for await (const chunk of channel) await channel.write(chunk)
}

async function listen(server) {
  running.push(server)
  return server.listen(server.transport === 'tcp' ? '127.0.0.1:0' : join(project, 'two.sock'))
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
  const overTcp = await listen(tcp.createTcpServer(echo))
  const overUnix = await listen(unix.createUnixServer(echo))
  const ids = []
  for (let round = 0; round < 3; round++)
    ids.push((await tcp.connectTcp(overTcp)).id, (await unix.connectUnix(overUnix)).id)
  expect(new Set(ids).size).toBe(6)
})
