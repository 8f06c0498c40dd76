import { describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import { ipAddress, unixAddress } from '../../src/lib/address/address.js'
import { cannotSend, parseDestination, unixDestination } from '../../src/lib/datagram/destination.js'

describe('parseDestination', () => {
  it.each([
    ['127.0.0.1:53', ipAddress('127.0.0.1', 53)],
    ['[::1]:53', ipAddress('::1', 53)],
  ])('parseDestination() of an IP socket returns the address of %s', (to, address) => {
    expect(parseDestination(to, 'ipv4')).toEqual(address)
  })

  it('parseDestination() of a Unix socket returns the address of a path, also one with a colon', () => {
    expect(parseDestination('/run/a:1', 'unix')).toMatchObject({ family: 'unix', path: '/run/a:1' })
  })

  it.each<[string, 'ipv4' | 'unix', string]>([
    [':53', 'ipv4', 'it has no host. Use "host:port" with an IP address'],
    ['localhost:53', 'ipv4', 'host names are not looked up for datagrams. Use an IP address'],
    ['127.0.0.1', 'ipv4', ''],
    ['127.0.0.1:65536', 'ipv4', ''],
    ['', 'unix', ''],
  ])('parseDestination() refuses "%s" for %s', (to, family, why) => {
    const error = thrown(() => parseDestination(to, family))
    expect(error.code).toBe('ERR_SOCK_INVALID_ADDRESS')
    expect(error.message).toContain(why)
  })
})

describe('unixDestination', () => {
  it('unixDestination() returns the name of a Unix address, and refuses any other address', () => {
    const path = '/run/app.sock'
    expect(unixDestination(unixAddress(path)).address).toEqual(unixAddress(path))
    expect(thrown(() => unixDestination(ipAddress('::1', 53)))).toMatchObject({
      code: 'ERR_SOCK_INVALID_ADDRESS',
      message: 'Cannot send to "[::1]:53": it is not the address of a Unix socket',
    })
  })
})

describe('cannotSend', () => {
  it('cannotSend() returns an error with a cause only if there is one', () => {
    const cause = new Error('of the system')
    expect(cannotSend(ipAddress('::1', 53), 'no', cause).cause).toBe(cause)
    expect(cannotSend(ipAddress('::1', 53), 'no')).not.toHaveProperty('cause')
  })
})
