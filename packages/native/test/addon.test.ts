import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { constants } from 'node:os'
import type { Addon } from '../src/lib/addon.js'
import { dialIp } from '../src/lib/dial.js'
import { loadAddon } from '../src/lib/load.js'
import { Loop } from '../src/lib/loop.js'
import type { SocketOptions } from '../src/lib/socket-options.js'
import { describeNative } from './support/needs.js'

/** An engine of this test's own, and a server to connect to. */
let loop: Loop
let server: Server
let port: number
/** Slots of this test. */
const open: number[] = []

const createLoop = (): Loop => new Loop((loadAddon() as { addon: Addon }).addon)

async function connect(options: SocketOptions = {}): Promise<number> {
  const slot = await dialIp(loop, options, '127.0.0.1', port, undefined)
  open.push(slot)
  return slot
}

beforeEach(async () => {
  server = createServer((socket) => socket.on('error', () => {}).resume())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterEach(async () => {
  for (const slot of open.splice(0)) loop.close(slot)
  server.close()
  await once(server, 'close')
})

describeNative('the addon', () => {
  beforeEach(() => {
    loop = createLoop()
  })

  it('start() begins once', () => {
    expect(() => new Loop(loop.addon)).toThrow('it was started before')
  })

  it('sendQueue() counts bytes beyond 2 GiB', async () => {
    const slot = await connect()
    // Nothing of it is touched but what is sent.
    const data = Buffer.allocUnsafeSlow(2 ** 31 + 2000)
    expect(loop.addon.sendQueue(slot, [data], 2 ** 31 + 1000)).toBe(1000)
  })

  it.each([true, false])(
    'takes options that an object has itself (%s), and none that it inherits',
    async (own) => {
      const options = own ? { ttl: 9 } : (Object.create({ ttl: 9, unknown: 1 }) as SocketOptions)
      const slot = await connect(options)
      expect(loop.addon.getOption(slot, 'ttl') === 9).toBe(own)
    },
  )

  it.each([2 ** 32 + 1, 0.5, NaN, '1', undefined])(
    'setOptions() refuses %p, which is no int',
    async (value) => {
      const slot = await connect()
      expect(loop.addon.setOptions(slot, { ttl: value as number })).toBe(constants.errno.EINVAL)
    },
  )

  it('takes no source for one of another kind', async () => {
    const { addon } = loop
    const { EBADF } = constants.errno
    const stream = await connect()
    const datagram = addon.openDatagram(4, {})
    open.push(datagram)
    expect(addon.setAccepting(stream, true)).toBe(EBADF)
    expect(addon.sendDatagram(stream, Buffer.from('x'), 0)).toBe(EBADF)
    expect(addon.kernelDrops(stream)).toBe(-EBADF)
    expect(addon.send(datagram, Buffer.from('x'))).toBe(-EBADF)
    expect(addon.setReading(datagram, true)).toBe(EBADF)
    expect(addon.shutdown(datagram)).toBe(EBADF)
  })

  it('throws for what is of a wrong type, and says where, instead of going on with anything', async () => {
    const { addon } = loop
    const slot = await connect()
    const wrong = 'wrong' as never
    expect(() => addon.send(slot, wrong)).toThrow(/^Cannot call Node-API \(\.\/c\/stream\.c:\d+\): /)
    expect(() => addon.send(wrong, Buffer.from('x'))).toThrow('Cannot call Node-API')
    expect(() => addon.setReading(slot, wrong)).toThrow('A boolean was expected')
    expect(() => addon.connectIp({}, '127.0.0.1', wrong)).toThrow('A number was expected')
    expect(() => addon.getOption(slot, 1 as never)).toThrow('A string was expected')
  })
})
