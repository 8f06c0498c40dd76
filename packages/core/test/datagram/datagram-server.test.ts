import { describe, expect, it } from '@jest/globals'
import type { IpAddress } from '../../src/lib/address/address.js'
import { createDeferred } from '../../src/lib/async/deferred.js'
import { createDatagramServer } from '../../src/lib/datagram/datagram-server.js'
import { createFakeDatagramPort } from '@sock/testing'
import { serve, turn } from '../support/fake-datagram-sockets.js'
import { systemError } from '../support/fake-server.js'

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
    await expect(server.shutdown({ timeout: 10 })).rejects.toMatchObject({
      message:
        'Shutdown closed the socket before its handler had returned, or before all datagrams were sent. Raise the timeout, or let the handler return when channel.signal aborts',
      report: { forced: 1 },
    })
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

describe('data of a datagram server', () => {
  it('shutdown() within `data` does not call `data` again before it has returned', async () => {
    const first = createDeferred()
    const log: string[] = []
    const { port, server } = await serve({
      data(_channel, data) {
        const text = String(data)
        log.push(text)
        if (text === 'a') return first.promise
        if (text === 'b') void server.shutdown()
        log.push(`end of ${text}`)
        return undefined
      },
    })
    for (const text of ['a', 'b', 'c']) port.receive(text)
    first.resolve()
    await server.closed
    expect(log).toEqual(['a', 'b', 'end of b', 'c', 'end of c'])
    expect(server.stats().datagramsDropped.closing).toBe(0)
  })

  it('a datagram that arrives while `data` runs is delivered after it', async () => {
    const log: string[] = []
    const { port, server } = await serve({
      data(_channel, data) {
        const text = String(data)
        if (text === 'a') port.receive('b')
        log.push(text)
      },
    })
    port.receive('a')
    expect(log).toEqual(['a', 'b'])
    await server.close()
  })
})

describe('DatagramBinding.warnings', () => {
  it('DatagramBinding.warnings() become error events of the server, which listens all the same', async () => {
    const port = createFakeDatagramPort()
    const asked: unknown[] = []
    const server = createDatagramServer<string, IpAddress, number>(
      {
        transport: 'udp',
        parse: () => 0,
        open: () => Promise.resolve(port),
        warnings(opened) {
          asked.push(opened)
          return [new Error('smaller than asked for')]
        },
      },
      () => undefined,
      { shutdownTimeout: 1_000, maxQueuedBytes: 1_000, configure: undefined },
    )
    const told: unknown[] = []
    server.on('error', ({ message }, channel) => void told.push([message, channel?.isOpen]))
    await server.listen('here')
    expect(asked).toEqual([port])
    expect(told).toEqual([['smaller than asked for', true]])
    expect(server.state).toBe('listening')
    await server.close()
  })
})
