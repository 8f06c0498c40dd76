import { describe, expect, it } from '@jest/globals'
import { exchange } from '../../src/lib/channel/exchange.js'
import { dial, PEER, turn } from '../support/fake-datagram-sockets.js'
import { systemError } from '../support/fake-server.js'

describe('a datagram client', () => {
  it('a datagram client rejects its waiting read with an error of the socket, and stays open', async () => {
    const { port, channel } = await dial()
    port.fail(systemError('ECONNREFUSED'))
    const reading = channel.read()
    port.fail(systemError('ECONNREFUSED'))
    await expect(reading).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await channel.write('still')
    expect(port.sent).toMatchObject([{ data: 'still', to: String(PEER) }])
    await channel.close()
  })

  it('a datagram client is closed once what was sent has left', async () => {
    const { port, channel } = await dial({ answer: () => 'later' })
    const sending = channel.write('x')
    const closing = channel.close()
    await turn()
    expect(port.isClosed).toBe(false)
    await expect(channel.write('late')).rejects.toMatchObject({ code: 'ERR_SOCK_CLOSED' })
    port.sent[0]?.done()
    await Promise.all([sending, closing])
    expect(port.isClosed).toBe(true)
  })

  it('a datagram client settles its write and read when the port closes by itself', async () => {
    const { port, channel } = await dial({ answer: () => 'later' })
    const pending = [channel.write('x'), channel.read()]
    port.close()
    for (const each of pending) await expect(each).rejects.toMatchObject({ code: 'ERR_SOCK_CLOSED' })
    expect([channel.isOpen, await channel.read()]).toEqual([false, null])
    await channel.close()
  })

  it('a datagram client is closed by exchange(), also when the send fails', async () => {
    const { channel } = await dial({ answer: () => systemError('ENETUNREACH') })
    await expect(exchange(channel, 'x')).rejects.toMatchObject({ code: 'ENETUNREACH' })
    expect(channel.isOpen).toBe(false)
  })
})
