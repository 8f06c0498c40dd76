import { expect, it } from '@jest/globals'
import { ipAddress } from '@sock/core/transport'
import { engine, type NativeSocket } from '@sock/native'
import { createFolder } from '@sock/tools/folder'
import { hasTool, itWith, itWithStrace } from '@sock/test-support/needs'
import { later } from '@sock/test-support/resources'
import { rejection, until } from '@sock/test-support/wait'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { UdpServerOptions } from '../src/index.js'
import { describeNative as describe } from './support/engines.js'
import { runProgram } from './support/program.js'
import { bindPeer, create, dial, echo, serve } from './support/sockets.js'

/** A group for tests, which differs between concurrent runs by the process id. */
const GROUP = `239.254.${process.pid % 256}.${(process.pid >> 8) % 256}`
const LOOPBACK = '127.0.0.1'

type Option = Parameters<NativeSocket['getOption']>[0]

/** What the system says of options of a server's socket. */
async function optionsOf(
  options: UdpServerOptions<NativeSocket>,
  names: readonly Option[],
  target: Parameters<typeof serve>[2] = ':0',
): Promise<{ values: number[]; errors: Error[] }> {
  let values: number[] = []
  const configure = (socket: NativeSocket): void => {
    values = names.map((name) => socket.getOption(name))
  }
  const { errors } = await serve(echo, { ...options, engine, configure }, target)
  return { values, errors }
}

describe('options of a UDP socket with the native engine', () => {
  it('ttl and multicastTtl with the native engine hold for both kinds of peers of a dual-stack socket', async () => {
    const options = { ttl: 7, multicastTtl: 3, multicastLoopback: false }
    const names = ['ttl', 'hops', 'multicastTtl', 'multicastHops', 'multicastLoop', 'multicastLoop6'] as const
    const { values, errors } = await optionsOf(options, names)
    expect(values).toEqual([7, 7, 3, 3, 0, 0])
    expect(errors).toEqual([])
  })

  it('broadcast, reuseAddress and ipv6Only with the native engine reach the system', async () => {
    const target = { port: 0, reuseAddress: true, ipv6Only: true }
    const { values } = await optionsOf({ broadcast: true }, ['broadcast', 'reuseAddress', 'ipv6Only'], target)
    expect(values).toEqual([1, 1, 1])
    expect((await optionsOf({}, ['broadcast', 'reuseAddress', 'ipv6Only'])).values).toEqual([0, 0, 0])
  })

  it('buffer sizes with the native engine reach the system, and an error reports a smaller size', async () => {
    const maximum = Number(readFileSync('/proc/sys/net/core/rmem_max', 'utf8'))
    const sizes = { receiveBufferSize: 2 * maximum, sendBufferSize: 48 * 1024 }
    const { values, errors } = await optionsOf(sizes, ['receiveBuffer', 'sendBuffer'])
    expect(values).toEqual([2 * maximum, 96 * 1024])
    await until(() => errors.length === 1, 'the error is reported')
    expect(errors[0]).toMatchObject({ code: 'ERR_SOCK_BUFFER_SIZE' })
    expect(errors[0]?.message).toContain(`"receiveBufferSize" of ${2 * maximum} bytes`)
    expect(errors[0]?.message).toContain(`granted ${maximum}`)
  })

  it('listen() with the native engine rejects with the error of the system for an option that it refuses', async () => {
    const wrong = create(echo, { engine, multicast: [{ group: '192.0.2.1' }] })
    expect(await rejection(wrong.server.listen('127.0.0.1:0'))).toMatchObject({
      code: 'EINVAL',
      syscall: 'setsockopt',
      message: `Cannot set "multicast[0]" to { group: '192.0.2.1', interface: undefined }: invalid argument (EINVAL)`,
    })
    const nowhere = create(echo, { engine, multicast: [{ group: GROUP, interface: '192.0.2.7' }] })
    expect(await rejection(nowhere.server.listen('127.0.0.1:0'))).toMatchObject({ code: 'ENODEV' })
  })
})

describe('multicast with the native engine', () => {
  it('multicast with the native engine reaches all members, from the interface of the option', async () => {
    const seen: string[] = []
    const options = { engine, multicast: [{ group: GROUP, interface: LOOPBACK }] }
    const handler = { data: (_: unknown, data: Buffer) => void seen.push(String(data)) }
    const first = await serve(handler, options, { host: '0.0.0.0', port: 0, reuseAddress: true })
    const { port } = first.address
    await serve(handler, options, { host: '0.0.0.0', port, reuseAddress: true })
    const client = await dial(ipAddress(GROUP, port), { engine, multicastInterface: LOOPBACK })
    await client.write('to all')
    await until(() => seen.length === 2, 'both members receive it')
    expect(seen).toEqual(['to all', 'to all'])
  })
})

describe('addresses with the native engine', () => {
  it('IPv4 peers of a dual-stack socket have IPv4 addresses with the native engine, and are answered', async () => {
    const froms: unknown[] = []
    const { address } = await serve(
      {
        data(channel, data, from) {
          froms.push(from)
          return channel.send(data, ipAddress('127.0.0.1', (from as { port: number }).port))
        },
      },
      { engine },
      ':0',
    )
    const client = await dial(ipAddress(LOOPBACK, address.port), { engine })
    for (const text of ['a', 'b']) {
      await client.write(text)
      expect(String(await client.read())).toBe(text)
    }
    expect(froms[0]).toMatchObject({ family: 'ipv4', host: LOOPBACK })
    expect(froms[0]).toBe(froms[1])
  })

  it('with the native engine, a server can send to a sender that another server, of any family, has heard', async () => {
    const peer = await bindPeer()
    const froms: unknown[] = []
    const first = await serve({ data: (_, __, from) => void froms.push(from) }, { engine }, '127.0.0.1:0')
    // Not peer.send(), after which the peer would ignore the other servers.
    peer.socket.send('x', first.address.port, first.address.host)
    await until(() => froms.length === 1, 'it arrives')
    for (const target of ['127.0.0.1:0', ':0']) {
      await serve(
        { open: (channel) => channel.send(`from ${target}`, froms[0] as never) },
        { engine },
        target,
      )
    }
    await until(() => peer.got.length === 2, 'both arrive')
    expect(peer.got.map(String)).toEqual(['from 127.0.0.1:0', 'from :0'])
  })
})

it('createUdpServer() refuses an engine without openUdp()', () => {
  for (const wrong of ['native', {}, { name: 'x', openUnixgram() {} }, null])
    expect(() => create(echo, { engine: wrong as never })).toThrow('Invalid "engine"')
})

/**
 * A client asks a server six times, and goes on until the engine has looked in vain as often as the test wants: on a busy machine,
 * the process may lose its processor in each batch, and an engine that is late does not look. Both are in one process; only the
 * native engine calls epoll_wait(2) and recvmmsg(2) in it.
 */
const ASK = `
  const { createEngine } = await import('@sock/native')
  const { readFileSync } = await import('node:fs')
  const [spin, calls, wanted] = [Number(args[0]), args[1], Number(args[2])]
  const engine = createEngine({ datagramSpin: spin })
  const countFutileLooks = () => readFileSync(calls, 'utf8').match(/= 0$|EAGAIN/gm)?.length ?? 0
  const server = udp.createUdpServer({ data: (channel, data) => void channel.write(data) }, { engine })
  const client = await udp.connectUdp(await server.listen('127.0.0.1:0'))
  for (let turn = 0; turn < 6 || (turn < 10_000 && countFutileLooks() < wanted); turn++) {
    await client.write('x')
    await client.read()
  }
  await client.close()
  await server.shutdown()
  done(countFutileLooks())
`

/** Returns how often the engine looked for datagrams, and found none. @param wanted how often it must, at least */
async function countFutileLooks(
  spin: number,
  wanted: number,
  command: readonly string[] = [],
): Promise<unknown> {
  const folder = createFolder('spin')
  later(() => folder.remove())
  const calls = folder.next()
  const tracer = ['strace', '-f', '-qq', '-o', calls, '-e', 'trace=epoll_wait,recvmmsg']
  return runProgram(ASK, [String(spin), calls, String(wanted)], { under: [...command, ...tracer] })
}

function itWithAffinity(name: string, body: () => Promise<void>): void {
  if (hasTool('taskset')) itWithStrace(name, body)
  else itWith('taskset', name, body)
}

describe('datagramSpin of the native engine', () => {
  itWithStrace(
    'datagramSpin of the native engine looks for further datagrams before it sleeps, only when it is on',
    async () => {
      expect(await countFutileLooks(0, 0)).toBe(0)
      if (availableParallelism() > 1) expect(await countFutileLooks(50, 4)).toBeGreaterThanOrEqual(4)
    },
  )

  itWithAffinity(
    'datagramSpin of the native engine has no effect in a process that may use one processor only',
    async () => {
      expect(await countFutileLooks(50, 0, ['taskset', '-c', '0'])).toBe(0)
    },
  )
})
