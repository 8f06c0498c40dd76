import { describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import { inspect } from 'node:util'
import { formatAddress } from '../../src/index.js'
import { ipAddress, unixAddress } from '../../src/transport.js'

describe('ipAddress', () => {
  it.each([
    ['127.0.0.1', 80, 'ipv4', '127.0.0.1:80'],
    ['0.0.0.0', 0, 'ipv4', '0.0.0.0:0'],
    ['::1', 8080, 'ipv6', '[::1]:8080'],
    ['::', 65_535, 'ipv6', '[::]:65535'],
    ['fe80::1%eth0', 1, 'ipv6', '[fe80::1%eth0]:1'],
    ['2001:db8::ff00:42:8329', 443, 'ipv6', '[2001:db8::ff00:42:8329]:443'],
    ['::ffff:0:0', 1, 'ipv6', '[::ffff:0:0]:1'],
  ])('ipAddress(%j, %j) is %s and prints %s', (host, port, family, text) => {
    const address = ipAddress(host, port)
    expect(address).toMatchObject({ family, host, port })
    expect([`${address}`, String(address), formatAddress(address)]).toEqual([text, text, text])
  })

  it.each(['::ffff:192.0.2.1', '::FFFF:192.0.2.1'])(
    'ipAddress(%j) is the IPv4 address it stands for',
    (host) => {
      const address = ipAddress(host, 80)
      expect({ ...address }).toEqual({ family: 'ipv4', host: '192.0.2.1', port: 80 })
      expect(`${address}`).toBe('192.0.2.1:80')
    },
  )

  it('ipAddress() of a host name prints "host:port"', () => {
    expect(`${ipAddress('localhost', 80)}`).toBe('localhost:80')
  })
})

describe('unixAddress', () => {
  it.each(['/run/app.sock', '@abstract', 'relative.sock', '/with space: and colon', ''])(
    'unixAddress(%j) prints its path',
    (path) => {
      const address = unixAddress(path)
      expect({ ...address }).toEqual({ family: 'unix', path })
      expect([`${address}`, formatAddress(address)]).toEqual([path, path])
    },
  )
})

describe('addresses', () => {
  it.each([ipAddress('::1', 80), unixAddress('/x')])(
    'the address %s is frozen, and has no enumerable property but its parts',
    (address) => {
      expect(Object.isFrozen(address)).toBe(true)
      expect(thrown(() => Object.assign(address, { port: 1 }))).toBeInstanceOf(TypeError)
      expect(Object.keys(address)).not.toContain('toString')
      expect(JSON.parse(JSON.stringify(address))).toEqual({ ...address })
      expect(inspect(address)).toContain(address.family)
    },
  )

  it('formatAddress() prints plain copies of addresses', () => {
    expect(formatAddress({ ...ipAddress('::1', 80) })).toBe('[::1]:80')
    expect(formatAddress(JSON.parse(JSON.stringify(unixAddress('/x'))))).toBe('/x')
  })
})
