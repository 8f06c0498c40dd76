import { ipAddress } from '@sock/core/transport'
import { describe, expect, it } from '@jest/globals'
import { rejection } from '@sock/test-support/wait'
import { connectTcp, createTcpServer, type TcpTarget } from '../src/index.js'
import { parseListenTarget } from '../src/lib/tcp-target.js'
import { dial, echo, readBytes, serve } from './support/servers.js'

const MALFORMED_STRINGS = [
  '',
  'abc',
  '8080',
  ':abc',
  ':65536',
  ':-1',
  ':',
  ':80 ',
  ':+80',
  ':0x50',
  ':8e1',
  '::1:80',
  '[::1]',
  '[::1]80',
  '[127.0.0.1]:80',
  '[]:80',
  '[::1:80',
  '/tmp/x.sock',
  'a\u0000b:80',
  'host:80\n',
  'ho\nst:80',
  '\t:80',
  'local host:80',
  `${'h'.repeat(1000)}:80`,
  '256.1.1.1:80',
  '1.2.3:80',
  '-a:80',
  'a..b:80',
  'http://localhost:80',
  'user@localhost:80',
]

const MALFORMED_VALUES: [string, unknown][] = [
  ['nothing', undefined],
  ['null', null],
  ['a number', 8080],
  ['an array', ['127.0.0.1', 80]],
  ['a function', () => ':0'],
  ['no port', { host: '127.0.0.1' }],
  ['a port as text', { port: '8080' }],
  ['a port with a fraction', { port: 80.5 }],
  ['no number as port', { port: NaN }],
  ['a port too high', { port: 65_536 }],
  ['a negative port', { port: -1 }],
  ['a host of another type', { host: 127, port: 80 }],
  ['a host that is empty', { host: '', port: 80 }],
  ['a host with brackets', { host: '[::1]', port: 80 }],
  ['a host with a NUL', { host: 'a\u0000', port: 80 }],
  ['an unknown key', { port: 80, hots: 'x' }],
  ['a path', { path: '/tmp/x.sock' }],
  ['an address of another family', { family: 'unix', path: '/tmp/x.sock' }],
  ['an invented family', { family: 'ipx', host: '127.0.0.1', port: 80 }],
  ['only inherited keys', Object.create({ host: '127.0.0.1', port: 80 })],
]

describe('listen target', () => {
  it.each<[string, string | TcpTarget, RegExp]>([
    ['":0"', ':0', /^(\[::\]|0\.0\.0\.0):\d+$/],
    ['"127.0.0.1:0"', '127.0.0.1:0', /^127\.0\.0\.1:\d+$/],
    ['"[::1]:0"', '[::1]:0', /^\[::1\]:\d+$/],
    ['"localhost:0"', 'localhost:0', /^(127\.0\.0\.1|\[::1\]):\d+$/],
    ['"LocalHost:0"', 'LocalHost:0', /^(127\.0\.0\.1|\[::1\]):\d+$/],
    ['a port alone', { port: 0 }, /^(\[::\]|0\.0\.0\.0):\d+$/],
    ['host and port', { host: '127.0.0.1', port: 0 }, /^127\.0\.0\.1:\d+$/],
    ['a host of undefined', { host: undefined, port: 0 }, /:\d+$/],
    ['a frozen object', Object.freeze({ host: '::1', port: 0 }), /^\[::1\]:\d+$/],
    ['an IpAddress', ipAddress('127.0.0.1', 0), /^127\.0\.0\.1:\d+$/],
    ['a copy of an IpAddress', { ...ipAddress('::1', 0) }, /^\[::1\]:\d+$/],
    ['an object without a prototype', Object.assign(Object.create(null) as TcpTarget, { port: 0 }), /:\d+$/],
  ])('listen() takes %s as target, and can be connected to', async (_, target, shown) => {
    const { server, address } = await serve(echo, {}, target)
    expect(`${address}`).toMatch(shown)
    expect(address.port).toBeGreaterThan(0)
    expect(server.address).toEqual(address)
    const client = await dial({ ...address, host: address.host.replace(/^(::|0\.0\.0\.0)$/, '127.0.0.1') })
    await client.write('hello')
    expect(`${await readBytes(client, 5)}`).toBe('hello')
  })

  it.each(MALFORMED_STRINGS)(
    'listen() and connectTcp() refuse the target %j, and show it (H3)',
    async (target) => {
      const server = createTcpServer(echo)
      const shown = target.length > 200 ? 'h'.repeat(200) : JSON.stringify(target).slice(1, -1)
      for (const attempt of [() => server.listen(target), () => connectTcp(target)]) {
        const error = await rejection(attempt())
        expect(error).toMatchObject({ name: 'SockError', code: 'ERR_SOCK_INVALID_ADDRESS' })
        expect(error.message.replaceAll('\\x00', '\\u0000')).toContain(shown)
        expect(error.message.length).toBeLessThan(1_500)
      }
      expect(server.state).toBe('idle')
    },
  )

  it.each(MALFORMED_VALUES)(
    'listen() and connectTcp() refuse a target that is or has %s (H3)',
    async (_, target) => {
      const server = createTcpServer(echo)
      for (const attempt of [() => server.listen(target as string), () => connectTcp(target as string)]) {
        const error = await rejection(attempt())
        expect(error).toMatchObject({ code: 'ERR_SOCK_INVALID_ADDRESS' })
        expect(error.message).toMatch(/^Invalid target( .+)?: .+/)
      }
      expect(server.state).toBe('idle')
    },
  )

  it('parseListenTarget() takes nothing from a polluted prototype', async () => {
    const prototype = Object.prototype as Record<string, unknown>
    prototype['ipv6Only'] = 'yes'
    prototype['host'] = '256.256.256.256'
    try {
      expect(parseListenTarget({ port: 80 })).toMatchObject({ kind: 'ip', port: 80 })
      expect(Object.hasOwn(parseListenTarget({ port: 80 }), 'host')).toBe(true)
      expect(parseListenTarget({ port: 80 }).host).toBeUndefined()
    } finally {
      delete prototype['ipv6Only']
      delete prototype['host']
    }
  })

  it('listen() shows the value of a port that is out of range', async () => {
    const error = await rejection(createTcpServer(echo).listen({ port: 99_999 }))
    expect(error.message).toContain('99999')
    expect(error.message).toContain('port')
  })

  it('listen() checks ipv6Only and reusePort of its target, and connectTcp() refuses them', async () => {
    for (const key of ['ipv6Only', 'reusePort']) {
      expect(await rejection(createTcpServer(echo).listen({ port: 0, [key]: 1 }))).toMatchObject({
        code: 'ERR_SOCK_INVALID_ADDRESS',
      })
      const error = await rejection(connectTcp({ port: 1, [key]: true }))
      expect(error).toMatchObject({ code: 'ERR_SOCK_INVALID_ADDRESS' })
      expect(error.message).toContain(key)
    }
  })
})

describe('connect target', () => {
  it.each([
    ['127.0.0.1:0', '127.0.0.1:0'],
    [':0', 'localhost:0'],
    ['[::1]:0', '[::1]:0'],
    [{ port: 0 }, 'localhost:0'],
  ])('connectTcp() refuses the target %j, since no server can listen on port 0', async (target, shown) => {
    for (const options of [{}, { tls: true }]) {
      const error = await rejection(connectTcp(target, options))
      expect(error).toMatchObject({ name: 'SockError', code: 'ERR_SOCK_INVALID_ADDRESS' })
      expect(error.message).toBe(
        `Cannot connect to "${shown}": no server can listen on port 0. Use the port of the server`,
      )
    }
  })
})
