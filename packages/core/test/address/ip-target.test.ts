import { describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import fc from 'fast-check'
import { isSockError, type IpTarget } from '../../src/index.js'
import { check, ipAddress, parseIpPeer, parseIpTarget } from '../../src/transport.js'

const parse = (target: unknown) => parseIpTarget(target as string, {})

describe('parseIpTarget', () => {
  it.each<[unknown, string | undefined, number]>([
    [':8080', undefined, 8080],
    [':0', undefined, 0],
    ['127.0.0.1:80', '127.0.0.1', 80],
    ['[::1]:65535', '::1', 65_535],
    ['[fe80::1%eth0]:22', 'fe80::1%eth0', 22],
    ['[::ffff:1.2.3.4]:1', '::ffff:1.2.3.4', 1],
    ['localhost:00080', 'localhost', 80],
    ['a.b-c.d_e.:443', 'a.b-c.d_e.', 443],
    ['_http._tcp.example.org:80', '_http._tcp.example.org', 80],
    ['1.example:80', '1.example', 80],
    [`${'a'.repeat(253)}:1`, 'a'.repeat(253), 1],
    [{ port: 0 }, undefined, 0],
    [{ host: '::1', port: 1 }, '::1', 1],
    [{ host: undefined, port: 1 }, undefined, 1],
    [ipAddress('127.0.0.1', 9), '127.0.0.1', 9],
    [{ ...ipAddress('::1', 9) }, '::1', 9],
    [Object.freeze({ port: 7 }), undefined, 7],
    [Object.assign(Object.create(null), { port: 7 }), undefined, 7],
  ])('parseIpTarget(%j) returns host and port', (target, host, port) => {
    expect(parse(target)).toEqual({ host, port })
  })

  it.each<[unknown, RegExp]>([
    ['', /expected "host:port"/],
    ['80abc', /expected "host:port"/],
    [':80abc', /expected "host:port"/],
    [':-1', /expected "host:port"/],
    [':65536', /"port": expected an integer from 0 to 65535, got 65536/],
    ['::1:80', /expected "host:port"/],
    ['[::1]', /expected "host:port"/],
    ['[localhost]:80', /expected an IPv6 address in the brackets/],
    ['[1.2.3.4]:80', /expected an IPv6 address in the brackets/],
    ['256.1.1.1:80', /"256\.1\.1\.1" is neither/],
    ['1.2.3:80', /neither a host name nor an IP address/],
    ['a b:80', /neither a host name nor an IP address/],
    ['-a:80', /neither a host name nor an IP address/],
    ['a..b:80', /neither a host name nor an IP address/],
    [`${'a'.repeat(254)}:1`, /neither a host name nor an IP address/],
    ['a\u0000:80', /neither a host name nor an IP address/],
    [' :80', /neither a host name nor an IP address/],
    [undefined, /^Invalid target: expected ":8080", "host:port" or \{ port \}, got undefined$/],
    [null, /got null$/],
    [8080, /^Invalid target: expected ":8080", "host:port" or \{ port \}, got 8080$/],
    [[1, 2], /^Invalid target: .* got \[ 1, 2 \]$/],
    [{}, /"port" is missing/],
    [{ host: 'x' }, /"port" is missing/],
    [{ port: '80' }, /"port": expected an integer, got '80'/],
    [{ port: -1 }, /^Invalid target: invalid "port": expected an integer from 0 to 65535, got -1$/],
    [':65536', /^Invalid target ':65536': invalid "port": expected an integer from 0 to 65535, got 65536$/],
    [{ port: 1.5 }, /got 1\.5/],
    [{ port: NaN }, /got NaN/],
    [{ port: 1, host: '' }, /"" is neither/],
    [{ port: 1, host: '[::1]' }, /neither/],
    [{ port: 1, host: 5 }, /"host": expected a string, got 5/],
    [{ port: 1, path: '/x' }, /^Invalid target: unknown "path"\. To listen, pass only "host", "port"$/],
    [{ prot: 1, Port: 1 }, /unknown "prot"\. To/],
    [{ Port: 1 }, /unknown "Port": did you mean "port"\? To listen, pass only "host", "port"$/],
    [Promise.resolve(':1'), /"host:port" or \{ port \}, got a promise\. Await it first$/],
    [{ family: 'unix', path: '/run/x' }, /\/run\/x.*: expected the address of an IP socket/],
    [{ family: 'ipv4', port: 1, host: '1.2.3.4', extra: 1 }, /unknown "extra"/],
    [Object.create({ port: 80 }), /"port" is missing/],
  ])('parseIpTarget(%j) throws, and says why', (target, message) => {
    const error = thrown(() => parse(target))
    expect(isSockError(error, 'ERR_SOCK_INVALID_ADDRESS')).toBe(true)
    expect(error.message).toMatch(/^Invalid target/)
    expect(error.message).toMatch(message)
  })

  it('parseIpTarget() cuts a long target short in its message', () => {
    expect(thrown(() => parse('x'.repeat(100_000))).message.length).toBeLessThan(500)
  })

  it('parseIpTarget() checks the options that a transport adds to its targets', () => {
    const extra = { ipv6Only: check.boolean(false) }
    expect(parseIpTarget(':1', extra)).toEqual({ host: undefined, port: 1, ipv6Only: false })
    const target = { port: 1, ipv6Only: true }
    expect(parseIpTarget(target, extra).ipv6Only).toBe(true)
    const error = thrown(() => parseIpTarget({ port: 1, ipv6Only: 'yes' } as never, extra))
    expect(error).toMatchObject({ code: 'ERR_SOCK_INVALID_ADDRESS', cause: { code: 'ERR_INVALID_ARG_TYPE' } })
  })

  it('parseIpTarget() returns host and port of the text of any address', () => {
    const zone = fc.constantFrom('eth0', 'en1', '2')
    const zoned = fc.tuple(fc.ipV6(), zone).map((parts) => parts.join('%'))
    const host = fc.oneof(fc.ipV4(), fc.ipV6(), zoned, fc.domain())
    fc.assert(
      fc.property(host, fc.nat(65_535), (name, port) => {
        const address = ipAddress(name, port)
        expect(parse(`${address}`)).toEqual({ host: address.host, port })
        expect(parse(address)).toEqual({ host: address.host, port })
      }),
    )
  })

  it('parseIpTarget() returns a target or throws ERR_SOCK_INVALID_ADDRESS, whatever its argument', () => {
    const lookalike = fc.record(
      {
        family: fc.oneof(fc.constantFrom('ipv4', 'ipv6', 'unix'), fc.anything()),
        host: fc.anything(),
        port: fc.oneof(fc.nat(), fc.anything()),
        path: fc.anything(),
      },
      { requiredKeys: [] },
    )
    const odd = fc.constantFrom<unknown>(
      { family: 'unix', path: Symbol('x') },
      { family: 'unix', path: Object.create(null) },
      { family: 'ipv9', host: Symbol('x'), port: {} },
      Symbol('x'),
    )
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.string(), lookalike, odd), (target) => {
        try {
          expect(parse(target).port).toBeGreaterThanOrEqual(0)
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_SOCK_INVALID_ADDRESS' })
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('parseIpPeer', () => {
  it('parseIpPeer() connects to localhost by default', () => {
    expect(parseIpPeer(':80')).toEqual({ host: 'localhost', port: 80 })
  })

  it('parseIpPeer() refuses the parts of a target to listen on', () => {
    const error = thrown(() => parseIpPeer({ port: 80, reusePort: true } as IpTarget))
    expect(error).toMatchObject({
      code: 'ERR_SOCK_INVALID_ADDRESS',
      message: 'Invalid target: unknown "reusePort". To connect, pass only "host", "port"',
    })
  })
})
