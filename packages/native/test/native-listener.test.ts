import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { besideIpv4 } from '@sock/test-support/ports'
import { assertNothingLeft, takeInventory, type Inventory } from '@sock/testing'
import { executionAsyncId } from 'node:async_hooks'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createEngine, engine } from '../src/index.js'
import type { Loop } from '../src/lib/loop.js'
import { NativeListener } from '../src/lib/native-listener.js'
import { ipNames, UNSPECIFIED } from '../src/lib/names.js'
import { kinds } from '../src/lib/numbers.js'
import { watch } from './support/async-resources.js'
import { traceCalls } from './support/child.js'
import { describeNative, itWithStrace } from './support/needs.js'
import { listenOnIp, Witness } from './support/pair.js'

let before: Inventory
beforeEach(() => {
  before = takeInventory(() => [])
})
afterEach(() => assertNothingLeft(before, () => []))

const SOCKETS = { highWaterMark: 65_536, backlog: 511 }
const sink = { accept: () => {}, handshake: () => {}, failed: () => {} }

describeNative('NativeListener', () => {
  it('engine.listenStream() on a port in use rejects with EADDRINUSE, as Node does', async () => {
    const { listener, port } = await listenOnIp()
    await expect(
      engine.listenStream({ kind: 'ip', host: '127.0.0.1', port }, SOCKETS, sink),
    ).rejects.toMatchObject({ code: 'EADDRINUSE', syscall: 'listen', address: '127.0.0.1', port })
    await listener.close()
  })

  it('engine.listenStream() with reusePort shares a port on every Node', async () => {
    const endpoint = { kind: 'ip', host: '127.0.0.1', port: 0, reusePort: true } as const
    const first = await engine.listenStream(endpoint, SOCKETS, sink)
    const { port } = first.address as { port: number }
    const second = await engine.listenStream({ ...endpoint, port }, SOCKETS, sink)
    await first.close()
    await second.close()
  })

  it('engine.listenStream() on all addresses takes IPv4 peers', async () => {
    const accepted: string[] = []
    const listener = await engine.listenStream({ kind: 'ip', host: undefined, port: 0 }, SOCKETS, {
      ...sink,
      accept(port) {
        accepted.push(String(port.remoteAddress))
        port.destroy()
      },
    })
    const peer = connect((listener.address as { port: number }).port, '127.0.0.1')
    await once(peer.resume(), 'end')
    expect(accepted).toHaveLength(1)
    peer.destroy()
    await listener.close()
  })

  it('engine.listenStream() with ipv6Only leaves the IPv4 side of its port to others', async () => {
    const listener = await besideIpv4((port) =>
      engine.listenStream({ kind: 'ip', host: '::', port, ipv6Only: true }, SOCKETS, sink),
    )
    await listener.close()
  })

  it('engine.listenStream() resolves host names, and rejects unknown names', async () => {
    const listener = await engine.listenStream({ kind: 'ip', host: 'localhost', port: 0 }, SOCKETS, sink)
    expect(['127.0.0.1', '::1']).toContain((listener.address as { host: string }).host)
    await listener.close()
    await expect(
      engine.listenStream({ kind: 'ip', host: 'no.such.name.invalid', port: 0 }, SOCKETS, sink),
    ).rejects.toMatchObject({ syscall: 'getaddrinfo' })
  })

  it('engine.listenStream() on an abstract name serves it, and names its peer by credentials', async () => {
    const path = `\0sock-native-${process.pid}`
    const address = { transport: 'unix', path: path.replace('\0', '@') } as never
    const accepted: Witness[] = []
    const listener = await engine.listenStream({ kind: 'path', path, address }, SOCKETS, {
      ...sink,
      accept(port) {
        const witness = new Witness()
        accepted.push(witness)
        port.start(witness)
        witness.onChunk = (chunk) => port.write(chunk)
        void witness.has('ended').then(() => port.destroy())
      },
    })
    const port = await engine.connectStream({ kind: 'path', path, address }, SOCKETS)
    const witness = new Witness()
    port.start(witness)
    port.write(Buffer.from('hello'))
    await witness.until(({ bytes }) => bytes === 5)
    expect(port.peerCredentials).toEqual({
      pid: process.pid,
      uid: process.getuid?.(),
      gid: process.getgid?.(),
    })
    port.destroy()
    await accepted[0]?.has('closed')
    await listener.close()
  })

  it('an accepted socket has the options of a connection', async () => {
    const used = createEngine({ tcpUserTimeout: 5000 })
    const options = { ...SOCKETS, noDelay: true, keepAlive: 90_000 }
    const endpoint = { kind: 'ip', host: '127.0.0.1', port: 0 } as const
    const values: number[] = []
    const listener = await used.listenStream(endpoint, options, {
      ...sink,
      accept(port) {
        const names = [
          'noDelay',
          'keepAlive',
          'keepAliveIdle',
          'keepAliveInterval',
          'keepAliveProbes',
          'userTimeout',
        ] as const
        values.push(...names.map((name) => port.socket.getOption(name)))
        port.destroy()
      },
    })
    const peer = connect((listener.address as { port: number }).port, '127.0.0.1')
    await once(peer.resume(), 'end')
    expect(values).toEqual([1, 1, 90, 1, 10, 5000])
    peer.destroy()
    await listener.close()
  })

  itWithStrace('setsockopt(2) is called for the listener, and for no connection', async () => {
    const count = async (connections: number): Promise<number> =>
      (await traceCalls('setsockopt', 'accepts', [`${connections}`])).length
    const forOne = await count(1)
    expect(forOne).toBeGreaterThan(0)
    expect(await count(6)).toBe(forOne)
  })

  it('a peer that is accepted in the batch that closes the listener is closed', async () => {
    const peers: Socket[] = []
    let count = 0
    const { listener, port } = await listenOnIp(engine, {
      accept(one) {
        count += 1
        one.destroy()
        void listener.close()
      },
    })
    for (let index = 0; index < 10; index++) peers.push(connect(port, '127.0.0.1'))
    await Promise.all(
      peers.map(async (peer) => {
        peer.on('error', () => {})
        await once(peer.resume(), 'close')
      }),
    )
    expect(count).toBe(1)
  })
})

describe('NativeListener on a kernel whose accepted sockets do not inherit everything', () => {
  it('NativeListener sets on each accepted socket the options that the first one has not inherited', async () => {
    const listening = 1
    const set: unknown[] = []
    const addon = {
      getOption: (slot: number, name: string) => Number(slot === listening || name === 'noDelay'),
      setOptions: (slot: number, options: object) => void set.push([slot, options]),
    }
    const loop = { addon, register() {}, close() {} } as unknown as Loop
    const options = { noDelay: 1, keepAlive: 1, keepAliveIdle: 60 }
    const listener = new NativeListener(loop, listening, UNSPECIFIED, ipNames, sink, options)
    for (const slot of [2, 3]) listener.event(kinds.accepted, slot, 20 + slot)
    const lacking = { keepAlive: 1, keepAliveIdle: 60 }
    expect(set).toEqual([
      [2, lacking],
      [3, lacking],
    ])
    await listener.close()
  })
})

describeNative('the asynchronous resource of a listener', () => {
  it('the asynchronous resource of a listener is its own, peers are accepted in it, and it is destroyed with it', async () => {
    const { idsOf, whenGone } = watch()
    const ids: number[] = []
    const { listener, port } = await listenOnIp(engine, {
      accept(accepted) {
        ids.push(executionAsyncId())
        accepted.destroy()
      },
    })
    const peer = connect({ host: '127.0.0.1', port })
    peer.on('error', () => undefined).resume()
    await new Promise((resolve) => peer.once('close', resolve))
    expect(ids).toEqual(idsOf('SOCKLISTENER'))
    await listener.close()
    await listener.close()
    await whenGone('SOCKLISTENER')
  })
})
