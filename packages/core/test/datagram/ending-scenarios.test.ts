import { describe, expect, it } from '@jest/globals'
import { exchange } from '../../src/lib/channel/exchange.js'
import { systemError } from '../support/fake-server.js'
import { dial, PEER, serve, turn } from '../support/fake-datagram-sockets.js'

describe('shutdown of a datagram server', () => {
  it('shutdown() of a datagram server waits for the send queue, then closes', async () => {
    const { port, server } = await serve(
      { data: (channel, data) => void channel.write(data) },
      { answer: () => 'later' },
    )
    port.receive('x')
    const shutdown = server.shutdown()
    await turn()
    expect([port.isClosed, server.state]).toEqual([false, 'draining'])
    port.sent[0]?.done()
    expect(await shutdown).toEqual({ idle: 0, drained: 1, forced: 0 })
    expect(port.isClosed).toBe(true)
  })

  it('shutdown() of a datagram server fails what has not left at the deadline', async () => {
    let sending: Promise<void> | undefined
    const { port, server } = await serve(
      { data: (channel, data) => void (sending = channel.write(data)) },
      { answer: () => systemError('EAGAIN') },
    )
    port.receive('x')
    await expect(server.shutdown({ timeout: 10 })).rejects.toMatchObject({ report: { forced: 1 } })
    await expect(sending).rejects.toMatchObject({ code: 'ERR_SOCK_DRAINING' })
    expect(server.stats()).toMatchObject({ sendErrors: 1, sendQueueBytes: 0 })
  })

  it('shutdown() of a datagram server drops and counts unread datagrams', async () => {
    const { port, server } = await serve({ open() {} })
    for (const text of ['a', 'b']) port.receive(text)
    await server.shutdown()
    expect(server.stats().datagramsDropped.closing).toBe(2)
  })

  it('shutdown() of a datagram server leaves what is queued to a reader in `open`, and throws away what that leaves', async () => {
    const seen: string[] = []
    const { port, server } = await serve({
      async open(channel) {
        await turn()
        seen.push(String(await channel.read()))
      },
    })
    for (const text of ['a', 'b']) port.receive(text)
    await server.shutdown()
    expect(seen).toEqual(['a'])
    expect(server.stats().datagramsDropped.closing).toBe(1)
  })
})

describe('a datagram client', () => {
  it('a datagram client ignores errors that affect no send, and fails the waiting read', async () => {
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

  it('a datagram client settles everything when the port closes by itself', async () => {
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
