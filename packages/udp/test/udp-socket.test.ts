import { describe, expect, it, jest } from '@jest/globals'
import { itIf } from '@sock/test-support/needs'
import type { DatagramHandler } from '@sock/core'
import { ipAddress } from '@sock/core/transport'
import { later } from '@sock/test-support/resources'
import { rejection, until } from '@sock/test-support/wait'
import { readFileSync } from 'node:fs'
import { Socket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import type { UdpServerOptions } from '../src/index.js'
import { bindPeer, create, dial, echo, serve, type Running } from './support/sockets.js'

const isLinux = process.platform === 'linux'
const itOnLinux = isLinux ? it : it.skip

/** What the system allows at most, before it doubles it. */
function maximum(name: 'rmem_max' | 'wmem_max'): number {
  return Number(readFileSync(`/proc/sys/net/core/${name}`, 'utf8'))
}

/** The calls of a method of all dgram sockets, until the end of the test. */
function spy(
  method: 'setTTL' | 'setMulticastTTL' | 'setMulticastLoopback' | 'setMulticastInterface',
): unknown[] {
  const calls: unknown[] = []
  const original = Socket.prototype[method] as (value: unknown) => unknown
  const spied = jest.spyOn(Socket.prototype, method as 'setTTL')
  spied.mockImplementation(function (this: Socket, value: unknown) {
    calls.push(value)
    return original.call(this, value) as number
  })
  later(() => spied.mockRestore())
  return calls
}

describe('receiveBufferSize and sendBufferSize', () => {
  it('receiveBufferSize and sendBufferSize reach the system', async () => {
    let sizes: number[] = []
    await serve(echo, {
      receiveBufferSize: 32 * 1024,
      sendBufferSize: 48 * 1024,
      configure: (socket) => void (sizes = [socket.getRecvBufferSize(), socket.getSendBufferSize()]),
    })
    const factor = isLinux ? 2 : 1
    expect(sizes).toEqual([factor * 32 * 1024, factor * 48 * 1024])
  })

  itOnLinux.each([
    ['receiveBufferSize', 'rmem_max'],
    ['sendBufferSize', 'wmem_max'],
  ] as const)(
    'receiveBufferSize and sendBufferSize report by an error event if the system granted less than the %s asked for',
    async (option, name) => {
      const asked = Math.round(1.5 * maximum(name))
      const { errors, server } = await serve(echo, { [option]: asked })
      await until(() => errors.length === 1, 'the error is reported')
      expect(errors[0]).toMatchObject({ code: 'ERR_SOCK_BUFFER_SIZE' })
      expect(errors[0]?.message).toContain(`"${option}" of ${asked} bytes`)
      expect(errors[0]?.message).toContain(`granted ${maximum(name)}`)
      expect(server.state).toBe('listening')
    },
  )

  itOnLinux('receiveBufferSize and sendBufferSize report no error if the system granted all', async () => {
    const { errors, address } = await serve(echo, { receiveBufferSize: maximum('rmem_max') })
    const channel = await dial(address, { sendBufferSize: maximum('wmem_max') })
    await channel.write('x')
    await channel.read()
    expect(errors).toEqual([])
  })
})

describe('broadcast', () => {
  const to = { family: 'ipv4', host: '127.255.255.255', port: 9 } as const

  it.each([
    [false, 'EACCES'],
    [undefined, 'EACCES'],
    [true, undefined],
  ])('broadcast %p lets a send to a broadcast address end with %p', async (broadcast, code) => {
    const results: unknown[] = []
    const { address } = await serve(
      {
        async data(channel) {
          results.push(
            await channel.send('x', to).then(
              () => undefined,
              (error) => error.code,
            ),
          )
          await channel.write('done')
        },
      },
      { broadcast },
    )
    const peer = await bindPeer()
    peer.send('x', address)
    expect(String(await peer.next())).toBe('done')
    expect(results).toEqual([code])
  })

  itOnLinux('broadcast reaches a receiver by its broadcast address', async () => {
    const { server, address } = await serve({ data() {} }, {}, '0.0.0.0:0')
    const peer = await serve(
      {
        data: (channel, data) => channel.send(data, { ...to, port: address.port }),
      },
      { broadcast: true },
    )
    const sender = await bindPeer()
    sender.send('everybody', peer.address)
    await until(() => server.stats().datagramsReceived === 1, 'it is received')
  })
})

describe('ttl', () => {
  it('ttl is set on the socket, and left alone when not given', async () => {
    const calls = spy('setTTL')
    await serve(echo, { ttl: 7 })
    await serve(echo, {}, '[::1]:0')
    await serve(echo, { ttl: 255 }, '[::1]:0')
    expect(calls).toEqual([7, 255])
  })

  it('ttl on a dual-stack socket reports by an error event that it does not hold for IPv4 peers', async () => {
    const { errors, server } = await serve(echo, { ttl: 7 }, ':0')
    await until(() => errors.length === 1, 'the error is reported')
    expect(errors[0]).toMatchObject({ code: 'ERR_SOCK_UNSUPPORTED' })
    expect(errors[0]?.message).toMatch(/"ttl" to \d+ for the IPv4 peers/)
    expect(server.state).toBe('listening')
  })

  it.each([
    ['0.0.0.0:0', '127.0.0.1'],
    ['[::1]:0', '::1'],
    [{ port: 0, ipv6Only: true }, '::1'],
  ])('ttl causes no error at %p', async (target, host) => {
    const { errors, address } = await serve(echo, { ttl: 7 }, target)
    const channel = await dial({ ...address, host, family: host.includes(':') ? 'ipv6' : 'ipv4' })
    await channel.write('x')
    expect(String(await channel.read())).toBe('x')
    expect(errors).toEqual([])
  })
})

describe('multicastTtl, multicastLoopback and multicastInterface', () => {
  it('multicastTtl, multicastLoopback and multicastInterface are set on the socket, zeros and false included', async () => {
    const ttl = spy('setMulticastTTL')
    const loopback = spy('setMulticastLoopback')
    const networkInterface = spy('setMulticastInterface')
    await serve(echo, { multicastTtl: 0, multicastLoopback: false, multicastInterface: '127.0.0.1' })
    await serve(echo)
    expect([ttl, loopback, networkInterface]).toEqual([[0], [false], ['127.0.0.1']])
  })

  it('multicastTtl, multicastLoopback and multicastInterface reject an interface that does not exist, and leave the server idle', async () => {
    const { server } = create(echo, { multicastInterface: '192.0.2.99' })
    const error = await rejection(server.listen('127.0.0.1:0'))
    expect(error.code).toMatch(/^E[A-Z]+$/)
    expect(error.message).toMatch(/^Cannot set "multicastInterface" to '192\.0\.2\.99': /)
    expect(error).toHaveProperty('syscall', 'setMulticastInterface')
    expect(server.state).toBe('idle')
  })
})

describe('configure', () => {
  it('configure gets the bound socket once per run, before anything is received', async () => {
    const seen: unknown[] = []
    const { server, address } = await serve(
      { open: () => void seen.push('open'), data() {} },
      { configure: (socket) => void seen.push(socket instanceof Socket && socket.address().port) },
    )
    expect(seen).toEqual([address.port, 'open'])
    await server.close()
    const again = await server.listen('127.0.0.1:0')
    expect(seen).toEqual([address.port, 'open', again.port, 'open'])
  })

  it('configure makes listen reject if it throws, and leaves nothing', async () => {
    const opened: unknown[] = []
    const { server, events } = create(
      { open: () => void opened.push(1), data() {} },
      {
        configure() {
          throw new Error('not like this')
        },
      },
    )
    const error = await rejection(server.listen('127.0.0.1:0'))
    expect(error.message).toBe('not like this')
    expect([server.state, server.openConnections, opened, events]).toEqual(['idle', 0, [], []])
  })

  it.each<[unknown]>([
    [undefined],
    [null],
    ['text'],
    [5],
    [{}],
    [Symbol('x')],
    [Object.freeze(new Error('x'))],
  ])('configure may throw any value, such as %p: listen and connectUdp reject with it', async (value) => {
    const configure = (): never => {
      throw value
    }
    const { server } = create(echo, { configure })
    expect(await rejection(server.listen('127.0.0.1:0'))).toBe(value)
    expect(server.state).toBe('idle')
    expect(await rejection(dial('127.0.0.1:9', { configure }))).toBe(value)
  })

  it('configure makes connectUdp reject if it throws, and leaves nothing', async () => {
    const error = await rejection(
      dial('127.0.0.1:9', {
        configure() {
          throw new Error('not like this')
        },
      }),
    )
    expect(error.message).toBe('not like this')
  })
})

/** A group for tests, which differs between concurrent runs by the process id. */
const GROUP = `239.255.${process.pid % 256}.${(process.pid >> 8) % 256}`
const LOOPBACK = '127.0.0.1'
/** Datagrams on the loopback interface always come back, so this needs another interface. */
const OUTSIDE = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
  addresses.filter(({ internal }) => !internal).map(({ family, address }) => ({ name, family, address })),
)
const ipv4 = OUTSIDE.find(({ family }) => family === 'IPv4')?.address
const ipv6 = OUTSIDE.find(({ family }) => family === 'IPv6')?.name
const itWithIpv4 = itIf(ipv4 !== undefined, 'needs an IPv4 address besides loopback')
const itWithIpv6 = itIf(ipv6 !== undefined, 'needs an IPv6 address besides loopback')

/** How many sockets are members, from /proc/net/igmp, where groups are in the byte order of the machine. */
function members(group: string): number {
  const hex = group
    .split('.')
    .toReversed()
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('')
  const line = readFileSync('/proc/net/igmp', 'utf8')
    .split('\n')
    .find((text) => text.includes(hex.toUpperCase()))
  return line === undefined ? 0 : Number(line.trim().split(/\s+/)[1])
}

/** A server that sends to the group what the test passes to `say`. */
async function speaker(
  port: number,
  options: UdpServerOptions = {},
  target = '127.0.0.1:0',
): Promise<(text: string) => Promise<void>> {
  let say: ((text: string) => Promise<void>) | undefined
  const handler: DatagramHandler = {
    open: (channel) => void (say = (text) => channel.send(text, ipAddress(GROUP, port))),
  }
  await serve(handler, { multicastInterface: LOOPBACK, ...options }, target)
  return say!
}

async function listener(port = 0, networkInterface = LOOPBACK): Promise<Running & { seen: string[] }> {
  const seen: string[] = []
  const running = await serve(
    { data: (_, data) => void seen.push(String(data)) },
    { multicast: [{ group: GROUP, interface: networkInterface }] },
    { host: '0.0.0.0', port, reuseAddress: true },
  )
  return { ...running, seen }
}

const describeOnLinux = isLinux ? describe : describe.skip

describeOnLinux('multicast', () => {
  it('multicast is received by each of two servers with reuseAddress, until they leave (D12)', async () => {
    const first = await listener()
    const second = await listener(first.address.port)
    expect(members(GROUP)).toBe(2)
    const say = await speaker(first.address.port)
    await say('hello all')
    await until(() => first.seen.length === 1 && second.seen.length === 1, 'both have it')
    expect([first.seen, second.seen]).toEqual([['hello all'], ['hello all']])
    await first.server.close()
    expect(members(GROUP)).toBe(1)
    await second.server.shutdown()
    expect(members(GROUP)).toBe(0)
  })

  itWithIpv4('multicast is not received on this host with multicastLoopback false', async () => {
    const { address, seen } = await listener(0, ipv4)
    // With a TTL of 0 it stays on this host.
    const options = { multicastInterface: ipv4, multicastTtl: 0 }
    const silent = await speaker(address.port, { ...options, multicastLoopback: false }, '0.0.0.0:0')
    const say = await speaker(address.port, options, '0.0.0.0:0')
    await silent('not for us')
    await say('for us')
    await until(() => seen.length > 0, 'the other one has come')
    expect(seen).toEqual(['for us'])
  })

  it('multicast is not received by a server that has not joined', async () => {
    const joined = await listener()
    const stranger = await serve(
      echo,
      {},
      { host: '127.0.0.1', port: joined.address.port, reuseAddress: true },
    )
    const say = await speaker(joined.address.port)
    await say('members only')
    await until(() => joined.seen.length === 1, 'the member has it')
    expect(stranger.server.stats().datagramsReceived).toBe(0)
  })

  it('multicast reaches a dual-stack socket', async () => {
    const seen: string[] = []
    const { address } = await serve(
      { data: (_, data) => void seen.push(String(data)) },
      { multicast: [{ group: GROUP, interface: LOOPBACK }] },
      ':0',
    )
    const say = await speaker(address.port)
    await say('hello')
    await until(() => seen.length === 1, 'it has come')
    expect(members(GROUP)).toBe(1)
  })

  itWithIpv6('multicast reaches a group of IPv6', async () => {
    const seen: string[] = []
    const group = 'ff12::4d2'
    const { address } = await serve(
      { data: (_, data) => void seen.push(String(data)) },
      { multicast: [{ group, interface: `::%${ipv6}` }] },
      '[::]:0',
    )
    let say = (): unknown => undefined
    await serve(
      {
        open: (channel) =>
          void (say = () => channel.send('hello', ipAddress(`${group}%${ipv6}`, address.port))),
      },
      { multicastInterface: `::%${ipv6}` },
      '[::]:0',
    )
    await say()
    await until(() => seen.length === 1, 'it has come')
    expect(seen).toEqual(['hello'])
  })

  it.each<[string, UdpServerOptions['multicast']]>([
    ['an address that is no group', [{ group: '127.0.0.1', interface: LOOPBACK }]],
    ['an interface that does not exist', [{ group: GROUP, interface: '192.0.2.99' }]],
    [
      'the same group twice',
      [
        { group: GROUP, interface: LOOPBACK },
        { group: GROUP, interface: LOOPBACK },
      ],
    ],
    ['a group of IPv6 on IPv4', [{ group: 'ff02::1' }]],
  ])('multicast with %s makes listen() reject, and leaves nothing (D12)', async (_, multicast) => {
    const { server } = create(echo, { multicast })
    const error = await rejection(server.listen('127.0.0.1:0'))
    expect(error.code).toMatch(/^E[A-Z]+$/)
    expect(server.state).toBe('idle')
    expect(members(GROUP)).toBe(0)
    later(() => expect(members(GROUP)).toBe(0))
  })
})
