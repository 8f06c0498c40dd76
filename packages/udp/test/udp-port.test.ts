import { describe, expect, it } from '@jest/globals'
import { rejection } from '@sock/test-support/wait'
import { bindPeer, dial, echo, serve } from './support/sockets.js'

describe('the size of datagrams (D2, D3)', () => {
  it.each([
    ['127.0.0.1:0', 0],
    ['127.0.0.1:0', 1],
    ['127.0.0.1:0', 8192],
    ['127.0.0.1:0', 65_507],
    ['[::1]:0', 0],
    ['[::1]:0', 65_507],
    ['[::1]:0', 65_527],
  ])('the size of datagrams on %s may be %d bytes, there and back', async (target, size) => {
    const { address } = await serve(echo, {}, target)
    const channel = await dial(address)
    const data = Buffer.alloc(size, 'abc')
    await channel.write(data)
    expect(data.equals((await channel.read())!)).toBe(true)
  })

  it.each([
    ['127.0.0.1:0', 65_508],
    ['127.0.0.1:0', 1_000_000],
    ['[::1]:0', 65_528],
  ])(
    'the size of datagrams on %s may not be %d bytes: the write rejects, and the socket lives',
    async (target, size) => {
      const { address } = await serve(echo, {}, target)
      const channel = await dial(address)
      const error = await rejection(channel.write(Buffer.alloc(size)))
      expect(error).toMatchObject({ code: 'ERR_SOCK_MESSAGE_TOO_LARGE' })
      expect(error.message).toContain(`${size} bytes`)
      await channel.write('small')
      expect(String(await channel.read())).toBe('small')
    },
  )

  it('the size of datagrams is limited by the family of the receiver, on a socket for both', async () => {
    const codes: unknown[] = []
    const { address } = await serve(
      {
        async data(channel) {
          codes.push(await rejection(channel.write(Buffer.alloc(65_520))))
          await channel.write('alive')
        },
      },
      {},
      ':0',
    )
    const peer = await bindPeer('127.0.0.1')
    peer.send('x', { host: '127.0.0.1', port: address.port })
    expect(String(await peer.next())).toBe('alive')
    expect(codes).toEqual([expect.objectContaining({ code: 'ERR_SOCK_MESSAGE_TOO_LARGE' })])
    expect((codes[0] as Error).cause).toMatchObject({ code: 'EMSGSIZE' })
  })
})
