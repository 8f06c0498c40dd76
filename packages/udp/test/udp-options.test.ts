import { describe, expect, it } from '@jest/globals'
import { rejection, thrown } from '@sock/test-support/wait'
import { connectUdp, createUdpServer, type UdpClientOptions, type UdpServerOptions } from '../src/index.js'
import { echo } from './support/sockets.js'

type Case = [option: string, value: unknown, error: typeof TypeError | typeof RangeError]

const SOCKET_CASES: Case[] = [
  ['maxQueuedBytes', 0, RangeError],
  ['maxQueuedBytes', -1, RangeError],
  ['maxQueuedBytes', 1.5, RangeError],
  ['maxQueuedBytes', '1', TypeError],
  ['configure', {}, TypeError],
  ['receiveBufferSize', 0, RangeError],
  ['receiveBufferSize', 2 ** 31, RangeError],
  ['receiveBufferSize', '1', TypeError],
  ['sendBufferSize', 0, RangeError],
  ['sendBufferSize', Infinity, RangeError],
  ['sendBufferSize', null, TypeError],
  ['broadcast', 1, TypeError],
  ['broadcast', null, TypeError],
  ['ttl', 0, RangeError],
  ['ttl', 256, RangeError],
  ['ttl', '1', TypeError],
  ['multicastTtl', -1, RangeError],
  ['multicastTtl', 256, RangeError],
  ['multicastTtl', true, TypeError],
  ['multicastLoopback', 0, TypeError],
  ['multicastInterface', 1, TypeError],
  ['multicast', {}, TypeError],
  ['multicast', '239.0.0.1', TypeError],
  ['multicast', null, TypeError],
]

const SERVER_CASES: Case[] = [
  ...SOCKET_CASES,
  ['shutdownTimeout', -1, RangeError],
  ['shutdownTimeout', Infinity, RangeError],
  ['shutdownTimeout', '1s', TypeError],
]

const CLIENT_CASES: Case[] = [...SOCKET_CASES, ['signal', {}, TypeError], ['onState', 'log', TypeError]]

const UNKNOWN = ['port', 'tls', 'maxConnections', 'idleTimeout', 'reuseAddress', 'TTL', 'constructor']

/** Entries of `multicast`, and what the message says. */
const GROUP_CASES: [unknown, RegExp][] = [
  [undefined, /"multicast\[0\]"/],
  [null, /"multicast\[0\]"/],
  ['239.0.0.1', /"multicast\[0\]"/],
  [{}, /"multicast\[0\]\.group"/],
  [{ group: 'all-systems.mcast.net' }, /"multicast\[0\]\.group"/],
  [{ group: 1 }, /"group"/],
  [{ group: '239.0.0.1', interface: 4 }, /"interface"/],
  [{ group: '239.0.0.1', port: 4 }, /"port" in multicast\[0\]/],
]

describe('createUdpServer', () => {
  it.each(SERVER_CASES)('createUdpServer() throws for %s: %p', (option, value, type) => {
    const error = thrown(() => createUdpServer(echo, { [option]: value }))
    expect(error).toBeInstanceOf(type)
    expect(error.message).toContain(`"${option}"`)
    expect(error.message).toMatch(/got .+$/)
  })

  it.each(GROUP_CASES)('createUdpServer() throws for the multicast group %p', (group, message) => {
    const error = thrown(() => createUdpServer(echo, { multicast: [group as never] }))
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toMatch(message)
  })

  it.each([...UNKNOWN, 'signal', 'onState'])(
    'createUdpServer() throws for the unknown option %s, and names those it knows',
    (option) => {
      const error = thrown(() => createUdpServer(echo, { [option]: 1 }))
      expect(error).toBeInstanceOf(TypeError)
      expect(error.message).toContain(`"${option}"`)
      expect(error.message).toMatch(/maxQueuedBytes|belongs to the target/)
    },
  )

  it.each([[null], ['fast'], [1], [[]], [() => {}]])(
    'createUdpServer() throws for options that are %p',
    (options) => {
      expect(thrown(() => createUdpServer(echo, options as never))).toBeInstanceOf(TypeError)
    },
  )

  it('createUdpServer() takes the least and the greatest value of each option, and undefined', () => {
    const least = { maxQueuedBytes: 1, receiveBufferSize: 1, sendBufferSize: 1, ttl: 1, multicastTtl: 0 }
    const most = 2 ** 31 - 1
    const greatest: UdpServerOptions = {
      maxQueuedBytes: Infinity,
      receiveBufferSize: most,
      sendBufferSize: most,
      ttl: 255,
      multicastTtl: 255,
      shutdownTimeout: most,
    }
    const nothing = Object.fromEntries(SERVER_CASES.map(([option]) => [option, undefined]))
    for (const options of [least, greatest, nothing, undefined, { multicast: [] }]) {
      expect(createUdpServer(echo, options).state).toBe('idle')
    }
  })

  it('createUdpServer() uses the options as they were when it was called', async () => {
    const options = { multicast: [] as { group: string }[] }
    const server = createUdpServer(echo, options)
    options.multicast.push({ group: '127.0.0.1' })
    await server.listen('127.0.0.1:0')
    await server.close()
  })
})

describe('connectUdp', () => {
  it.each(CLIENT_CASES)('connectUdp() rejects %s: %p', async (option, value, type) => {
    const options = { [option]: value } as UdpClientOptions
    const error = await rejection(connectUdp('127.0.0.1:9', options))
    expect(error).toBeInstanceOf(type)
    expect(error.message).toContain(`"${option}"`)
  })

  it.each(GROUP_CASES)('connectUdp() rejects the multicast group %p', async (group) => {
    expect(await rejection(connectUdp('127.0.0.1:9', { multicast: [group as never] }))).toBeInstanceOf(
      TypeError,
    )
  })

  it.each([...UNKNOWN, 'shutdownTimeout'])('connectUdp() rejects the unknown option %s', async (option) => {
    const error = await rejection(connectUdp('127.0.0.1:9', { [option]: 1 }))
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toContain(`"${option}"`)
  })
})
