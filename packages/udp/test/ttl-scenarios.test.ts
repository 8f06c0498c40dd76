import { describe, expect, it } from '@jest/globals'
import { until } from '@sock/tools/testing/wait'
import { dial, echo, serve } from './support/sockets.js'

describe('ttl', () => {
  it('ttl is reported to hold for half of the peers of a dual-stack socket', async () => {
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
  ])('ttl is no matter at %p', async (target, host) => {
    const { errors, address } = await serve(echo, { ttl: 7 }, target)
    const channel = await dial({ ...address, host, family: host.includes(':') ? 'ipv6' : 'ipv4' })
    await channel.write('x')
    expect(String(await channel.read())).toBe('x')
    expect(errors).toEqual([])
  })
})
