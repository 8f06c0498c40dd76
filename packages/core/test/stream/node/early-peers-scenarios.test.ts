import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { once } from 'node:events'
import { connect, createServer, Server, type AddressInfo, type Socket } from 'node:net'
import type { StreamServerOptions } from '../../../src/index.js'
import { echo } from '@sock/testing'
import { rejection } from '@sock/tools/testing/wait'
import { createNodeServer } from '../../support/node-server.js'

const opened: { destroy(): void }[] = []
const closing: (() => unknown)[] = []

afterEach(async () => {
  jest.restoreAllMocks()
  for (const one of opened.splice(0)) one.destroy()
  for (const close of closing.splice(0)) await close()
})

/** Peers, and our side of their connections, accepted elsewhere, as in the primary of a cluster. */
async function connected(count: number): Promise<{ peers: Socket[]; accepted: Socket[] }> {
  const primary = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(primary, 'listening')
  closing.push(() => primary.close())
  const peers: Socket[] = []
  const accepted: Socket[] = []
  for (let index = 0; index < count; index++) {
    const peer = connect((primary.address() as AddressInfo).port, '127.0.0.1')
    peer.on('error', () => {})
    const [socket] = (await once(primary, 'connection')) as [Socket]
    accepted.push(socket)
    peers.push(peer)
    opened.push(peer, socket)
  }
  return { peers, accepted }
}

/** Passes these connections to the next server before its `listening` event. */
function handOver(sockets: readonly Socket[]): void {
  // oxlint-disable-next-line typescript/unbound-method -- it is called on the server below
  const listen = Server.prototype.listen
  jest.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server, ...args: unknown[]) {
    Reflect.apply(listen, this, args)
    this.prependOnceListener('listening', () => {
      for (const socket of sockets) this.emit('connection', socket)
    })
    return this
  })
}

function observed(options?: StreamServerOptions) {
  const server = createNodeServer(echo, options)
  closing.push(() => server.close())
  const heard: string[] = []
  const errors: unknown[] = []
  server.on('state', (state) => heard.push(state))
  server.on('connection', ({ state, local }) => {
    heard.push(state)
    // What a handler would see.
    expect([server.state, `${server.address}`]).not.toContain('starting')
    expect(local).toBeDefined()
  })
  server.on('error', (error) => errors.push(error))
  return { server, heard, errors }
}

describe('a peer that is handed over while the server still starts', () => {
  it('a peer that is handed over while the server still starts is served like any other, once the server listens', async () => {
    const { peers, accepted } = await connected(2)
    handOver(accepted)
    const { server, heard } = observed()
    await server.listen('127.0.0.1:0')
    expect(heard).toEqual(['starting', 'listening'])
    for (const [index, peer] of peers.entries()) {
      peer.write(`${index}`)
      expect(`${(await once(peer, 'data'))[0]}`).toBe(`${index}`)
    }
    expect(heard.slice(2, 6)).toEqual(['new', 'handler', 'new', 'handler'])
    expect(server.stats()).toMatchObject({ accepted: 2, open: 2 })
  })

  it('a peer that is handed over while the server still starts counts for maxConnections', async () => {
    const { peers, accepted } = await connected(2)
    handOver(accepted)
    const { server, errors } = observed({ maxConnections: 1 })
    await server.listen('127.0.0.1:0')
    await once((peers[1] as Socket).resume(), 'close')
    expect(server.stats()).toMatchObject({ accepted: 1, rejected: { connectionLimit: 1 } })
    expect(errors).toMatchObject([{ code: 'ERR_SOCK_CONNECTION_LIMIT' }])
  })

  it('a peer that is handed over while the server still starts is served by a shutdown() that comes right away', async () => {
    const { peers, accepted } = await connected(1)
    const [peer] = peers as [Socket]
    peer.end('last')
    handOver(accepted)
    const { server } = observed()
    await server.listen('127.0.0.1:0')
    const report = server.shutdown()
    expect(`${(await once(peer, 'data'))[0]}`).toBe('last')
    expect(await report).toMatchObject({ forced: 0 })
  })

  it.each(['while it starts', 'right after it listens'])(
    'a peer that is handed over while the server still starts is closed by a close() %s',
    async (when) => {
      const { peers, accepted } = await connected(1)
      handOver(accepted)
      const { server, heard } = observed()
      const listening = server.listen('127.0.0.1:0')
      const isEarly = when === 'while it starts'
      if (isEarly) {
        const closed = server.close()
        expect(await rejection(listening)).toMatchObject({ code: 'ERR_SOCK_CLOSED' })
        await closed
      } else {
        await listening
        await server.close()
      }
      await once((peers[0] as Socket).resume(), 'close')
      expect(heard).not.toContain('new')
      expect(server.stats()).toMatchObject({ accepted: 0, open: 0 })
    },
  )
})
