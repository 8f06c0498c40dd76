import { describe, expect, it } from '@jest/globals'
import { ipAddress } from '@sock/core/transport'
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import type { DatagramHandler } from '@sock/core'
import { later } from '@sock/tools/testing/resources'
import { rejection, until } from '@sock/tools/testing/wait'
import type { UdpServerOptions } from '../src/index.js'
import { create, echo, serve, type Running } from './support/sockets.js'

const describeOnLinux = process.platform === 'linux' ? describe : describe.skip

/** A group for tests, which differs between concurrent runs by the process id. */
const GROUP = `239.255.${process.pid % 256}.${(process.pid >> 8) % 256}`
const LOOPBACK = '127.0.0.1'
/** Datagrams on the loopback interface always come back, so this needs another interface. */
const OUTSIDE = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
  addresses.filter(({ internal }) => !internal).map(({ family, address }) => ({ name, family, address })),
)
const ipv4 = OUTSIDE.find(({ family }) => family === 'IPv4')?.address
const ipv6 = OUTSIDE.find(({ family }) => family === 'IPv6')?.name
const itWithIpv4 = ipv4 === undefined ? it.skip : it
const itWithIpv6 = ipv6 === undefined ? it.skip : it

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
    // With no hop to go it stays on this host.
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

  it('multicast works on a socket for IPv4 and IPv6', async () => {
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

  itWithIpv6('multicast works with groups of IPv6', async () => {
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
  ])('rejects %s, and leaves nothing (D12)', async (_, multicast) => {
    const { server } = create(echo, { multicast })
    const error = await rejection(server.listen('127.0.0.1:0'))
    expect(error.code).toMatch(/^E[A-Z]+$/)
    expect(server.state).toBe('idle')
    expect(members(GROUP)).toBe(0)
    later(() => expect(members(GROUP)).toBe(0))
  })
})
