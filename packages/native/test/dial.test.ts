import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { refusingPort } from '@sock/test-support/ports'
import { assertNothingLeft, takeInventory, type Inventory } from '@sock/testing'
import dns from 'node:dns/promises'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { constants } from 'node:os'
import { engine } from '../src/index.js'
import { kinds } from '../src/lib/numbers.js'
import { dialIp } from '../src/lib/dial.js'
import type { SocketEvents } from '../src/lib/loop.js'
import { describeNative } from './support/needs.js'

const SOCKETS = { highWaterMark: 65_536 }

let before: Inventory
const { lookup } = dns
beforeEach(() => {
  before = takeInventory(() => [])
})
afterEach(async () => {
  dns.lookup = lookup
  await assertNothingLeft(before, () => [])
})

/** From now on, every name resolves to these addresses. */
function resolveTo(...addresses: string[]): void {
  dns.lookup = (() =>
    Promise.resolve(
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )) as never
}

async function listenOn(host: string): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer((socket) => socket.resume().end())
  server.listen(0, host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}

describeNative('connectStream() of the engine', () => {
  it('connectStream() of the engine resolves names', async () => {
    const { port, close } = await listenOn('127.0.0.1')
    resolveTo('127.0.0.1')
    const client = await engine.connectStream({ kind: 'ip', host: 'somewhere', port }, SOCKETS)
    expect(String(client.remoteAddress)).toBe(`127.0.0.1:${port}`)
    client.destroy()
    await close()
  })

  it('connectStream() of the engine tries all addresses of a name, one after the other', async () => {
    const { port, close } = await listenOn('127.0.0.3')
    resolveTo('127.0.0.1', '127.0.0.2', '127.0.0.3')
    const client = await engine.connectStream({ kind: 'ip', host: 'somewhere', port }, SOCKETS)
    expect(String(client.remoteAddress)).toBe(`127.0.0.3:${port}`)
    client.destroy()
    await close()
  })

  it('connectStream() of the engine does not wait for an address that does not answer', async () => {
    const { port, close } = await listenOn('127.0.0.1')
    // An address for documentation (RFC 5737): it is refused at once, or never answers.
    resolveTo('192.0.2.1', '127.0.0.1')
    const client = await engine.connectStream({ kind: 'ip', host: 'somewhere', port }, SOCKETS)
    expect(String(client.remoteAddress)).toBe(`127.0.0.1:${port}`)
    client.destroy()
    await close()
  })

  it('connectStream() of the engine rejects with the last error, as Node words it, when no address answers', async () => {
    const port = await refusingPort()
    resolveTo('127.0.0.2', '127.0.0.1')
    await expect(
      engine.connectStream({ kind: 'ip', host: 'somewhere', port }, SOCKETS),
    ).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      errno: -111,
      syscall: 'connect',
      address: '127.0.0.1',
      port,
      message: `connect ECONNREFUSED 127.0.0.1:${port}`,
    })
  })

  it('connectStream() of the engine rejects with the reason of a signal that aborts before or while it connects', async () => {
    const aborted = AbortSignal.abort(new Error('never mind'))
    const endpoint = { kind: 'ip', host: '192.0.2.1', port: 9 } as const
    await expect(engine.connectStream(endpoint, SOCKETS, aborted)).rejects.toThrow('never mind')
    const { port, close } = await listenOn('127.0.0.1')
    const controller = new AbortController()
    const connecting = engine.connectStream(
      { ...endpoint, host: '127.0.0.1', port },
      SOCKETS,
      controller.signal,
    )
    controller.abort(new Error('too late'))
    await expect(connecting).rejects.toThrow('too late')
    await close()
  })

  it('connectStream() of the engine begins no further attempt once it is aborted', async () => {
    const sockets: SocketEvents[] = []
    const loop = {
      addon: { connectIp: () => sockets.length },
      register: (_slot: number, socket: SocketEvents) => void sockets.push(socket),
      close: () => undefined,
    }
    resolveTo('127.0.0.1', '127.0.0.2')
    const controller = new AbortController()
    const dialling = dialIp(loop as never, {}, 'somewhere', 1, controller.signal)
    await new Promise(setImmediate)
    sockets[0]?.event(kinds.connected, constants.errno.ECONNREFUSED, 0)
    controller.abort(new Error('too late'))
    await expect(dialling).rejects.toThrow('too late')
    expect(sockets).toHaveLength(1)
  })

  it('connectStream() of the engine rejects with ENOENT for a missing path, and with ENAMETOOLONG for one that is too long', async () => {
    const address = { transport: 'unix', path: '/nowhere' } as never
    await expect(
      engine.connectStream({ kind: 'path', path: '/nowhere', address }, SOCKETS),
    ).rejects.toMatchObject({ code: 'ENOENT', syscall: 'connect', address: '/nowhere' })
    await expect(
      engine.connectStream({ kind: 'path', path: `/${'x'.repeat(108)}`, address }, SOCKETS),
    ).rejects.toMatchObject({ code: 'ENAMETOOLONG' })
  })
})
