import { describe, expect, it } from '@jest/globals'
import { dial, serve } from '../support/fake-datagram-sockets.js'
import { reachable } from '../support/reachable.js'

describe('Datagram', () => {
  it('Datagram has the public members and no others', async () => {
    const { port, channel } = await dial()
    port.receive('x', 9)
    const datagram = await channel.receive()
    expect(reachable(datagram!)).toEqual(
      new Set(['data', 'peerCredentials', 'remoteAddress', 'reply', 'truncated']),
    )
    await channel.close()
  })

  it('Datagram.reply() answers its own sender, even if others were read since', async () => {
    const { port, server } = await serve(async (channel) => {
      const first = await channel.receive()
      const second = await channel.receive()
      await second?.reply('second')
      await first?.reply('first')
    })
    port.receive('a', 1)
    port.receive('b', 2)
    await server.shutdown()
    expect(port.sent).toMatchObject([
      { data: 'second', to: '127.0.0.1:2' },
      { data: 'first', to: '127.0.0.1:1' },
    ])
  })
})
