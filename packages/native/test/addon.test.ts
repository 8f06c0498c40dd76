import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { constants } from 'node:os'
import { join } from 'node:path'
import type { Addon } from '../src/lib/addon.js'
import { dialIp } from '../src/lib/dial.js'
import { loadAddon } from '../src/lib/load.js'
import { Loop } from '../src/lib/loop.js'
import { EVENT_WIDTH, header, MAX_EVENTS, SENDS_AT } from '../src/lib/numbers.js'
import type { SocketOptions } from '../src/lib/socket-options.js'
import { describeNative } from './support/needs.js'

/** An engine of this test's own, and a server to connect to. */
let loop: Loop
let server: Server
let port: number
/** Close what this test has opened, also where it fails. */
const closers: (() => unknown)[] = []

async function connect(options: SocketOptions = {}): Promise<number> {
  const slot = await dialIp(loop, options, '127.0.0.1', port, undefined)
  closers.push(() => loop.close(slot))
  return slot
}

beforeEach(async () => {
  server = createServer((socket) => socket.on('error', () => {}).resume())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterEach(async () => {
  for (const close of closers.splice(0)) close()
  server.close()
  await once(server, 'close')
})

describeNative('the addon', () => {
  beforeEach(() => {
    loop = new Loop((loadAddon() as { addon: Addon }).addon)
  })

  it('addon.start() throws when it was called before', () => {
    expect(() => new Loop(loop.addon)).toThrow('it was started before')
  })

  it('addon.sendQueue() counts bytes beyond 2 GiB', async () => {
    const slot = await connect()
    // Only the sent part of it is read.
    const data = Buffer.allocUnsafeSlow(2 ** 31 + 2000)
    expect(loop.addon.sendQueue(slot, [data], 2 ** 31 + 1000)).toBe(1000)
  })

  it.each([true, false])(
    'the addon takes options that an object has itself (%s), and none that it inherits',
    async (own) => {
      const options = own ? { ttl: 9 } : (Object.create({ ttl: 9, unknown: 1 }) as SocketOptions)
      const slot = await connect(options)
      expect(loop.addon.getOption(slot, 'ttl') === 9).toBe(own)
    },
  )

  it.each([2 ** 32 + 1, 0.5, NaN, '1', undefined])(
    'addon.setOptions() refuses %p, which is no int',
    async (value) => {
      const slot = await connect()
      expect(loop.addon.setOptions(slot, { ttl: value as number })).toBe(constants.errno.EINVAL)
    },
  )

  it.each([
    '::1%no-such-interface',
    '::1%1x',
    '::1%4294967297',
    '::1%',
    '127.0.0.1\0',
    `::1%${'0'.repeat(200)}1`,
  ])('the addon refuses %j, which is no address here, instead of taking it for another', (host) => {
    const { EINVAL } = constants.errno
    const socket = loop.addon.openDatagram(6, {}, 0)
    closers.push(() => loop.close(socket))
    expect(loop.addon.bindIp(socket, host, 0)).toBe(EINVAL)
    expect(loop.addon.sendDatagramToIp(socket, Buffer.from('x'), host, 9)).toBe(EINVAL)
    expect(loop.addon.listenIp({}, 1, host, 0, false, false)).toBe(-EINVAL)
    expect(loop.addon.connectIp({}, host, 9)).toBe(-EINVAL)
    expect(loop.addon.multicastFrom(socket, host)).toBe(EINVAL)
  })

  it.each(['::1%lo', '::1%1'])('the addon takes %j, whose zone is an interface', (host) => {
    const socket = loop.addon.openDatagram(6, {}, 0)
    closers.push(() => loop.close(socket))
    expect(loop.addon.bindIp(socket, host, 0)).toBe(0)
  })

  it.each([-1, 65_536])('the addon refuses port %d, instead of taking it for another', (wrong) => {
    const { EINVAL } = constants.errno
    expect(loop.addon.listenIp({}, 1, '127.0.0.1', wrong, false, false)).toBe(-EINVAL)
    expect(loop.addon.connectIp({}, '127.0.0.1', wrong)).toBe(-EINVAL)
  })

  it('addon.sendQueue() refuses an empty queue, and a negative offset', async () => {
    const slot = await connect()
    const { EINVAL } = constants.errno
    expect(loop.addon.sendQueue(slot, [], 0)).toBe(-EINVAL)
    expect(loop.addon.sendQueue(slot, [Buffer.from('x')], -1)).toBe(-EINVAL)
  })

  it('addon.flush() and addon.flushSendBatch() have nothing to send before there is memory for it', () => {
    const { addon } = loadAddon() as { addon: Addon }
    expect([addon.flush(), addon.flushSendBatch()]).toEqual([0, 0])
  })

  it('addon.startSendBatch() throws when it was called before', () => {
    loop.addon.startSendBatch()
    expect(() => loop.addon.startSendBatch()).toThrow('it was started before')
  })

  it('the addon refuses calls for a socket of another kind', async () => {
    const { addon } = loop
    const { EBADF } = constants.errno
    const stream = await connect()
    const datagram = addon.openDatagram(4, {}, 0)
    closers.push(() => loop.close(datagram))
    expect(addon.setAccepting(stream, true)).toBe(EBADF)
    expect(addon.sendDatagram(stream, Buffer.from('x'), 0)).toBe(EBADF)
    expect(addon.kernelDrops(stream)).toBe(-EBADF)
    expect(addon.send(datagram, Buffer.from('x'))).toBe(-EBADF)
    expect(addon.setReading(datagram, true)).toBe(EBADF)
    expect(addon.shutdown(datagram)).toBe(EBADF)
  })

  it('the addon throws for an argument of a wrong type, and says where', async () => {
    const { addon } = loop
    const slot = await connect()
    const wrong = 'wrong' as never
    expect(() => addon.send(slot, wrong)).toThrow(/^Cannot call Node-API \(\.\/c\/stream\.c:\d+\): /)
    expect(() => addon.send(wrong, Buffer.from('x'))).toThrow('Cannot call Node-API')
    expect(() => addon.setReading(slot, wrong)).toThrow('A boolean was expected')
    expect(() => addon.connectIp({}, '127.0.0.1', wrong)).toThrow('A number was expected')
    expect(() => addon.getOption(slot, 1 as never)).toThrow('A string was expected')
  })

  it('addon.close() drops what was gathered for its slot, which the next connection gets', async () => {
    const { addon } = loadAddon() as { addon: Addon }
    const { shared, out } = addon.start(
      () => {},
      () => {},
      16,
    )
    const memory = new Int32Array(shared)
    const first = addon.connectIp({}, '127.0.0.1', port)
    await once(server, 'connection')
    Buffer.from(out).write('wrong')
    memory.set([first, 0, 5], EVENT_WIDTH + MAX_EVENTS * EVENT_WIDTH)
    memory[header.operations] = 1
    addon.close(first, false)
    const second = addon.connectIp({}, '127.0.0.1', port)
    closers.push(() => addon.close(second, false))
    expect(second).toBe(first)
    const [peer] = (await once(server, 'connection')) as [Socket]
    expect(addon.flush()).toBe(0)
    addon.send(second, Buffer.from('right'))
    const [data] = (await once(peer, 'data')) as [Buffer]
    expect(String(data)).toBe('right')
  })

  it('addon.close() drops what was batched for its slot, which the next datagram socket gets', async () => {
    const { addon } = loop
    const receiver = createSocket('udp4').bind(0, '127.0.0.1')
    closers.push(() => receiver.close())
    await once(receiver, 'listening')
    const [entries, bytes] = addon.startSendBatch()
    const memory = new Int32Array(entries)
    const openSocket = (): number => {
      const slot = addon.openDatagram(4, {}, 0)
      addon.dialIp(slot, '127.0.0.1', receiver.address().port)
      return slot
    }
    const first = openSocket()
    Buffer.from(bytes).write('wrong')
    memory.set([first, 0, 5, 0], SENDS_AT)
    memory[0] = 1
    addon.close(first, false)
    const second = openSocket()
    closers.push(() => addon.close(second, false))
    expect(second).toBe(first)
    expect(addon.flushSendBatch()).toBe(1)
    expect(memory[SENDS_AT + 3]).toBe(constants.errno.EBADF)
    addon.sendDatagram(second, Buffer.from('right'), 0)
    const [data] = (await once(receiver, 'message')) as [Buffer]
    expect(String(data)).toBe('right')
  })
})

/** The sources of the addon. */
const folder = join(import.meta.dirname, '../c')
const COMMENT = /\/\*.*?\*\//gs

/** Its statements, without comments. The macro itself is in `check.c`. */
const statements = readdirSync(folder)
  .filter((name) => name.endsWith('.c') && name !== 'check.c')
  .flatMap((name) => {
    const text = readFileSync(join(folder, name), 'utf8').replaceAll(COMMENT, '')
    return text.split(/[;{}]/).map((statement) => `${name}: ${statement.trim().replaceAll(/\s+/g, ' ')}`)
  })

describe('the sources in C', () => {
  it('the sources in C call Node-API in the macro that checks, or say that a refusal is expected', () => {
    const calls = statements.filter((text) => /\bnapi_[a-z0-9_]+\(/.test(text))
    expect(calls.length).toBeGreaterThan(50)
    const isChecked = /\bNAPI\(|!= napi_ok\)|\(void\)napi_|napi_refused\(|napi_register_module_v1\(/
    expect(calls.filter((text) => !isChecked.test(text))).toEqual([])
  })

  it('the sources in C move `used` of a slab in slab.c only, and forward in slab_take() only', () => {
    const uses = statements.filter((text) => /(?:->|\.)used\b/.test(text))
    expect(uses.filter((text) => !text.startsWith('slab.c: '))).toEqual([])
    const moves = uses.filter((text) => /used (?:[-+*/&|]?=(?!=))|used(?:\+\+|--)/.test(text))
    expect(moves.filter((text) => !text.endsWith('used = 0'))).toEqual([
      'slab.c: slab->used += (length + SLAB_STEP - 1) / SLAB_STEP * SLAB_STEP',
    ])
  })

  it('the sources in C cast a source to what embeds it only where its kind is checked', () => {
    const casts = statements.filter((text) => /\(struct (?:stream|listener|datagram_socket) \*\)/.test(text))
    expect(casts).toEqual([])
    expect(statements.filter((text) => text.includes('SOURCE_AS(')).length).toBeGreaterThan(5)
  })
})
