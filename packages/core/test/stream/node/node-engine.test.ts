import { afterAll, afterEach, describe, expect, it, jest } from '@jest/globals'
import { echo } from '@sock/testing'
import { rejection } from '@sock/test-support/wait'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, Server, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StreamServerOptions } from '../../../src/index.js'
import { createDeferred } from '../../../src/lib/async/deferred.js'
import type { Listener } from '../../../src/lib/server/parts.js'
import { AcceptQueue } from '../../../src/lib/stream/server/accept-queue.js'

import {
  nodeEngine,
  type IpEndpoint,
  type PathEndpoint,
  type StreamListenerSink,
  type StreamPort,
} from '../../../src/stream.js'
import { unixAddress } from '../../../src/transport.js'
import { createNodeServer } from '../../support/node-server.js'
import { outcome } from '../../support/settle.js'

const OPTIONS = { highWaterMark: 65_536 }
const ANY_PORT: IpEndpoint = { kind: 'ip', host: '127.0.0.1', port: 0 }

const folder = mkdtempSync(join(tmpdir(), 'sock-core-'))
const opened: { destroy(): void }[] = []
const closing: (() => unknown)[] = []
const listeners: Listener[] = []

afterEach(async () => {
  jest.restoreAllMocks()
  for (const one of opened.splice(0)) one.destroy()
  for (const close of closing.splice(0)) await close()
  await Promise.all(listeners.splice(0).map((listener) => listener.close()))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A listener as servers have it, and the ports it accepts, one after the other. */
async function listen(
  endpoint: IpEndpoint | PathEndpoint,
  accept?: (port: StreamPort) => void,
  options?: { backlog: number },
) {
  const accepted = createDeferred<StreamPort>()
  const sink: StreamListenerSink = {
    accept(port) {
      opened.push(port)
      accepted.resolve(port)
      accept?.(port)
    },
    handshake() {},
    failed() {},
  }
  const { backlog = 511 } = options ?? {}
  const listener = await AcceptQueue.open(
    (engineSink) => nodeEngine.listenStream(endpoint, { ...OPTIONS, backlog }, engineSink),
    sink,
    backlog,
  )
  listeners.push(listener)
  return { listener, accepted: accepted.promise }
}

function portOf({ address }: Listener): number {
  return address.family === 'unix' ? NaN : address.port
}

async function dial(endpoint: IpEndpoint | PathEndpoint): Promise<StreamPort> {
  const port = await nodeEngine.connectStream(endpoint, OPTIONS)
  opened.push(port)
  return port
}

/** Resolves when connections are refused. */
async function refuses(port: number): Promise<void> {
  const error = await rejection(dial({ kind: 'ip', host: '127.0.0.1', port }))
  expect(error.code).toBe('ECONNREFUSED')
}

describe('nodeEngine', () => {
  it('nodeEngine names both sides of an IP connection by their addresses', async () => {
    const { listener, accepted } = await listen(ANY_PORT)
    const port = portOf(listener)
    expect(port).toBeGreaterThan(0)
    const client = await dial({ kind: 'ip', host: '127.0.0.1', port })
    const server = await accepted
    expect(`${client.remoteAddress}`).toBe(`${listener.address}`)
    expect(`${server.localAddress}`).toBe(`${listener.address}`)
    expect(`${server.remoteAddress}`).toBe(`${client.localAddress}`)
    expect([client.secure, server.secure, client.tls]).toEqual([false, false, undefined])
  })

  it('nodeEngine names the server side of a path, and no client, which has no name', async () => {
    const address = unixAddress(join(folder, 'named.sock'))
    const endpoint: PathEndpoint = { kind: 'path', path: address.path, address }
    const { listener, accepted } = await listen(endpoint)
    expect(listener.address).toBe(address)
    const client = await dial(endpoint)
    const server = await accepted
    expect([client.remoteAddress, server.localAddress]).toEqual([address, address])
    expect([`${client.localAddress}`, server.remoteAddress]).toEqual(['', undefined])
  })

  it('nodeEngine keeps the names of a port that is closed, once they were asked for', async () => {
    const { listener, accepted } = await listen(ANY_PORT)
    const client = await dial({ kind: 'ip', host: '127.0.0.1', port: portOf(listener) })
    const server = await accepted
    const names = [`${server.localAddress}`, `${server.remoteAddress}`]
    server.destroy()
    client.destroy()
    expect([`${server.localAddress}`, `${server.remoteAddress}`]).toEqual(names)
  })

  it('nodeEngine.listenStream() rejects with EADDRINUSE on a port in use', async () => {
    const { listener } = await listen(ANY_PORT)
    const failing = listen({ kind: 'ip', host: '127.0.0.1', port: portOf(listener) })
    expect(await rejection(failing)).toMatchObject({ code: 'EADDRINUSE' })
  })

  it('nodeEngine.connectStream() rejects with the reason of a signal that is aborted already', async () => {
    const reason = new Error('too late')
    const endpoint: IpEndpoint = { ...ANY_PORT, port: 9 }
    expect(await rejection(nodeEngine.connectStream(endpoint, OPTIONS, AbortSignal.abort(reason)))).toBe(
      reason,
    )
  })
})

describe('AcceptQueue over a listener of Node', () => {
  it('AcceptQueue.closeGracefully() over Node accepts peers that come during it, and none afterwards', async () => {
    let count = 0
    const { listener } = await listen(ANY_PORT, () => void (count += 1))
    const port = portOf(listener)
    const draining = listener.closeGracefully()
    const clients = await Promise.all([1, 2, 3].map(() => dial({ kind: 'ip', host: '127.0.0.1', port })))
    await draining
    expect([clients.length, count]).toEqual([3, 3])
    await refuses(port)
  })

  it('AcceptQueue.closeGracefully() over Node accepts all waiting peers, however long each takes', async () => {
    let count = 0
    const { listener } = await listen(ANY_PORT, () => {
      count += 1
      // One is accepted in each turn of the event loop, and this one is slow.
      for (const end = performance.now() + 12; performance.now() < end;);
    })
    const port = portOf(listener)
    const draining = listener.closeGracefully()
    await Promise.all(Array.from({ length: 60 }, () => dial({ kind: 'ip', host: '127.0.0.1', port })))
    await draining
    expect(count).toBe(60)
  })

  it('AcceptQueue.closeGracefully() over Node ends though new peers never stop coming', async () => {
    const { listener } = await listen(ANY_PORT, undefined, { backlog: 50 })
    const port = portOf(listener)
    const drained = new AbortController()
    const draining = listener.closeGracefully().then(() => drained.abort())
    let count = 0
    while (!drained.signal.aborted) {
      await dial({ kind: 'ip', host: '127.0.0.1', port }).then(
        (client) => client.destroy(),
        () => {},
      )
      count += 1
    }
    await draining
    expect(count).toBeGreaterThan(20)
    await refuses(port)
  })

  it('AcceptQueue.close() over Node, called twice, ends a drain that is under way', async () => {
    const { listener } = await listen(ANY_PORT)
    const draining = listener.closeGracefully()
    await Promise.all([listener.close(), listener.close()])
    expect((await outcome(draining)).state).toBe('resolved')
    await refuses(portOf(listener))
  })
})

describe('port', () => {
  it('requestDrain() of a Node port is answered when everything is taken, whether the socket was full or not', async () => {
    const { listener, accepted } = await listen(ANY_PORT)
    const client = await dial({ kind: 'ip', host: '127.0.0.1', port: portOf(listener) })
    const server = await accepted
    const nothing = { received() {}, ended() {}, flushed() {}, closed() {} }
    server.start({ ...nothing, drained() {} })
    let drained = createDeferred()
    client.start({ ...nothing, drained: () => drained.resolve() })
    for (const size of [1, 65_535, 65_536, 4_000_000]) {
      drained = createDeferred()
      client.write(Buffer.alloc(size))
      client.requestDrain()
      await drained.promise
      expect(client.bufferedBytes).toBe(0)
    }
  })
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
  const original = Server.prototype.listen
  jest.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server, ...args: unknown[]) {
    Reflect.apply(original, this, args)
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
