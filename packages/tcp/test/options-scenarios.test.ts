import { nodeEngine } from '@sock/core/stream'
import { describe, expect, it } from '@jest/globals'
import { rejection, thrown, until } from '@sock/tools/testing/wait'
import { connectTcp, createTcpServer, type TcpClientOptions, type TcpServerOptions } from '../src/index.js'
import { dial, echo, readBytes, serve } from './support/servers.js'

type Case = [option: string, value: unknown, error: typeof TypeError | typeof RangeError]

const CONNECTION_CASES: Case[] = [
  ['noDelay', 'yes', TypeError],
  ['noDelay', 1, TypeError],
  ['noDelay', null, TypeError],
  ['keepAlive', 'yes', TypeError],
  ['keepAlive', null, TypeError],
  ['keepAlive', 0, RangeError],
  ['keepAlive', 999, RangeError],
  ['keepAlive', 1500.5, RangeError],
  ['keepAlive', 32_767_001, RangeError],
  ['keepAlive', NaN, RangeError],
  ['handshakeTimeout', '10', TypeError],
  ['handshakeTimeout', 0, RangeError],
  ['handshakeTimeout', -1, RangeError],
  ['handshakeTimeout', Infinity, RangeError],
  ['handshakeTimeout', 2 ** 31, RangeError],
  ['tls', 'yes', TypeError],
  ['tls', 1, TypeError],
  ['tls', null, TypeError],
  ['idleTimeout', '1', TypeError],
  ['idleTimeout', -1, RangeError],
  ['idleTimeout', 2 ** 31, RangeError],
  ['idleTimeout', 10n, TypeError],
  ['highWaterMark', 0, RangeError],
  ['highWaterMark', 1.5, RangeError],
  ['highWaterMark', 2 ** 30 + 1, RangeError],
  ['highWaterMark', {}, TypeError],
  ['configure', {}, TypeError],
  ['engine', 'node', TypeError],
]

const SERVER_CASES: Case[] = [
  ...CONNECTION_CASES,
  ['tls', true, TypeError],
  ['tls', [], TypeError],
  ['shutdownTimeout', -1, RangeError],
  ['shutdownTimeout', Infinity, RangeError],
  ['shutdownTimeout', '1s', TypeError],
  ['maxConnections', -1, RangeError],
  ['maxConnections', 1.5, RangeError],
  ['maxConnections', NaN, RangeError],
  ['maxConnections', '10', TypeError],
  ['drainIdle', -1, RangeError],
  ['drainIdle', [], TypeError],
  ['backlog', 0, RangeError],
  ['backlog', 2 ** 31, RangeError],
  ['backlog', '511', TypeError],
]

const CLIENT_CASES: Case[] = [
  ...CONNECTION_CASES,
  ['tls', [], TypeError],
  ['serverName', 1, TypeError],
  ['serverName', null, TypeError],
  ['signal', {}, TypeError],
  ['signal', 'stop', TypeError],
  ['onState', 'log', TypeError],
]

const UNKNOWN = ['port', 'host', 'noDelai', 'NoDelay', 'reusePort', '__proto', 'constructor', 'toString']

describe('createTcpServer', () => {
  it.each(['handshakeTimeout', 'maxHandshakes'])('createTcpServer() throws for %s without TLS', (option) => {
    const error = thrown(() => createTcpServer(echo, { [option]: 5_000 }))
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
    expect(error.message).toBe(`Invalid "${option}": expected to be left out without "tls", got 5000`)
    expect(createTcpServer(echo, { [option]: undefined }).state).toBe('idle')
  })

  it('createTcpServer() throws for options before the handler, and says the order', () => {
    expect(thrown(() => createTcpServer({ noDelay: true } as never, echo as never)).message).toBe(
      'Invalid arguments: the handler comes first, then the options: createTcpServer(handler, options)',
    )
  })

  it.each(SERVER_CASES)('createTcpServer() throws for %s: %p (H1)', (option, value, type) => {
    const error = thrown(() => createTcpServer(echo, { [option]: value }))
    expect(error).toBeInstanceOf(type)
    expect(error.message).toContain(`"${option}"`)
    expect(error.message).toMatch(/got .+$/)
  })

  it.each(UNKNOWN)(
    'createTcpServer() throws for the unknown option %s, and names those it knows (H2)',
    (option) => {
      const error = thrown(() => createTcpServer(echo, { [option]: 1 }))
      expect(error).toBeInstanceOf(TypeError)
      expect(error.message).toContain(`"${option}"`)
      expect(error.message).toContain('noDelay')
    },
  )

  it.each([1, 'x', null, []])('createTcpServer() throws for options that are %p', (options) => {
    expect(thrown(() => createTcpServer(echo, options as never))).toBeInstanceOf(TypeError)
  })

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['text', 'echo'],
    ['an empty object', {}],
    ['an object with an unknown key', { data() {}, message() {} }],
    ['an object with a key of another type', { data: 1 }],
  ])('throws for a handler that is %s', (_, handler) => {
    expect(thrown(() => createTcpServer(handler as never))).toBeInstanceOf(TypeError)
  })

  it('createTcpServer() throws for a handshake timeout inside tls, where it would be ignored', () => {
    const error = thrown(() => createTcpServer(echo, { tls: { handshakeTimeout: 1 } }))
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toContain('tls.handshakeTimeout')
  })

  it('createTcpServer() throws for TLS with an engine that cannot', () => {
    const engine = { ...nodeEngine, name: 'other' }
    const error = thrown(() => createTcpServer(echo, { tls: {}, engine }))
    expect(error).toMatchObject({ code: 'ERR_SOCK_UNSUPPORTED' })
    expect(error.message).toContain('"other"')
  })

  it('createTcpServer() takes undefined for "not given"', async () => {
    const names = [...new Set(SERVER_CASES.map(([option]) => option))]
    const options = Object.fromEntries(names.map((name) => [name, undefined])) as TcpServerOptions
    const { address } = await serve(echo, options)
    const client = await dial(address)
    await client.write('hi')
    expect(`${await readBytes(client, 2)}`).toBe('hi')
  })

  it('reads options once, from a frozen object or a getter, and never again (H4)', async () => {
    let reads = 0
    const options = Object.freeze({
      get maxConnections() {
        reads += 1
        return 1
      },
    })
    const { address, server } = await serve(echo, options)
    expect(reads).toBe(1)
    await dial(address)
    await until(() => server.openConnections === 1, 'the first is in')
    await dial(address)
    await until(() => server.stats().rejected.connectionLimit === 1, 'the second is turned away')
    expect(reads).toBe(1)
  })

  it('createTcpServer() is not moved by changes to the options afterwards (H5)', async () => {
    const options: { maxConnections: number } = { maxConnections: 1 }
    const { address, server } = await serve(echo, options)
    options.maxConnections = 0
    const client = await dial(address)
    await client.write('in')
    expect(`${await readBytes(client, 2)}`).toBe('in')
    expect(server.stats().rejected.connectionLimit).toBe(0)
  })

  it('createTcpServer() takes nothing from a polluted prototype (H4)', async () => {
    const prototype = Object.prototype as Record<string, unknown>
    prototype['maxConnections'] = 0
    try {
      const { address } = await serve(echo, {})
      const client = await dial(address)
      await client.write('in')
      expect(`${await readBytes(client, 2)}`).toBe('in')
    } finally {
      delete prototype['maxConnections']
    }
  })
})

describe('connectTcp', () => {
  it.each(CLIENT_CASES)('connectTcp() rejects for %s: %p', async (option, value, type) => {
    const error = await rejection(connectTcp(':1', { [option]: value }))
    expect(error).toBeInstanceOf(type)
    expect(error.message).toContain(`"${option}"`)
  })

  it.each([...UNKNOWN, 'maxConnections', 'backlog'])(
    'connectTcp() rejects for the unknown option %s',
    async (option) => {
      const error = await rejection(connectTcp(':1', { [option]: 1 }))
      expect(error).toBeInstanceOf(TypeError)
      expect(error.message).toContain(`"${option}"`)
    },
  )

  it.each([
    ['serverName', 'localhost'],
    ['handshakeTimeout', 5_000],
  ])('connectTcp() rejects for %s without TLS', async (option, value) => {
    for (const tls of [undefined, false]) {
      const error = await rejection(connectTcp(':1', { [option]: value, tls }))
      expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
      expect(error.message).toContain(`Invalid "${option}": expected to be left out without "tls", got`)
    }
  })

  it('connectTcp() rejects for TLS with an engine that cannot', async () => {
    const engine = { ...nodeEngine, name: 'other' }
    expect(await rejection(connectTcp(':1', { tls: true, engine }))).toMatchObject({
      code: 'ERR_SOCK_UNSUPPORTED',
    })
  })

  it('connectTcp() takes undefined for "not given"', async () => {
    const names = [...new Set(CLIENT_CASES.map(([option]) => option))]
    const { address } = await serve()
    const client = await dial(
      address,
      Object.fromEntries(names.map((name) => [name, undefined])) as TcpClientOptions,
    )
    await client.write('hi')
    expect(`${await readBytes(client, 2)}`).toBe('hi')
  })
})
