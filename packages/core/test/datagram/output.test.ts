import { describe, expect, it } from '@jest/globals'
import { ipAddress } from '../../src/lib/address/address.js'
import { DatagramOutput } from '../../src/lib/datagram/output.js'
import { createFakeDatagramPort, type FakeDatagramPortOptions } from '@sock/testing'
import { rejection } from '@sock/test-support/wait'
import { PEER, serve, turn } from '../support/fake-datagram-sockets.js'
import { settle } from '../support/settle.js'

/** An output, without a socket around it. */
function create(options: FakeDatagramPortOptions = {}) {
  const port = createFakeDatagramPort(options)
  const socket = { isSending: true, isObserved: false, observe: () => {} }
  return { port, socket, output: new DatagramOutput(port, socket) }
}

const to = ipAddress('127.0.0.1', 7)

describe('send', () => {
  it('DatagramOutput.send() sends bytes, and a string as UTF-8, and counts the bytes', async () => {
    const { port, output } = create()
    await output.send('é', to)
    await output.send(new Uint8Array([65]), to)
    await output.send('', to)
    expect(port.sent.map(({ data }) => data)).toEqual(['é', 'A', ''])
    expect(output.bytesWritten).toBe(3)
  })

  it.each<[string, unknown, string]>([
    ['a number', 5, 'Invalid "data": expected a Uint8Array or a string, got 5'],
    ['an array', [1], 'Invalid "data": expected a Uint8Array or a string, got [ 1 ]'],
    [
      'a Uint16Array',
      new Uint16Array(1),
      'Invalid "data": expected a Uint8Array or a string, got Uint16Array(1) [ 0 ]',
    ],
  ])('DatagramOutput.send() rejects %s with a TypeError', async (_, data, message) => {
    const { port, output } = create()
    expect(await rejection(output.send(data as string, to))).toMatchObject({ name: 'TypeError', message })
    expect([port.attempts, output.bytesWritten]).toEqual([0, 0])
  })

  it('DatagramOutput.send() rejects more bytes than a datagram can have, and counts none', async () => {
    const { port, output } = create()
    await output.send('x'.repeat(port.maxMessageBytes), to)
    expect(await rejection(output.send('é'.repeat(51), to))).toMatchObject({
      code: 'ERR_SOCK_MESSAGE_TOO_LARGE',
      message: 'Cannot send 102 bytes in one datagram: the limit is 100',
    })
    expect([port.attempts, output.bytesWritten]).toEqual([1, 100])
  })

  it('DatagramOutput.send() rejects with ERR_SOCK_CLOSED once the socket sends no more', async () => {
    const { port, socket, output } = create()
    socket.isSending = false
    expect(await rejection(output.send('x', to))).toMatchObject({ code: 'ERR_SOCK_CLOSED' })
    expect(port.attempts).toBe(0)
  })
})

describe('reply', () => {
  it('DatagramOutput.reply() on a connected socket goes to its peer, whatever the sender', async () => {
    const { port, output } = create({ peer: PEER })
    for (const sender of [to, undefined, null]) await output.reply('x', sender)
    expect(port.sent.map(({ to: receiver }) => receiver)).toEqual(Array(3).fill(String(PEER)))
  })

  it('DatagramOutput.reply() rejects and says why: nothing was read yet, or the sender has no name', async () => {
    const { output } = create()
    const errors = await Promise.all([null, undefined].map((sender) => rejection(output.reply('x', sender))))
    expect(errors).toMatchObject([
      { code: 'ERR_SOCK_NO_PEER_ADDRESS', message: expect.stringContaining('no datagram was read yet') },
      { code: 'ERR_SOCK_NO_PEER_ADDRESS', message: expect.stringContaining('the sender has no name') },
    ])
  })

  it('DatagramOutput.reply() to a sender without a name rejects, and the handler goes on', async () => {
    const codes: unknown[] = []
    const { port, server } = await serve(async (channel) => {
      for await (const datagram of channel.datagrams()) {
        for (const answer of [channel.write('x'), datagram.reply('x')]) {
          await answer.catch((error: { code: unknown }) => void codes.push(error.code))
        }
        codes.push(channel.remoteAddress)
      }
    })
    port.receive('named')
    port.receiveNameless('nameless')
    await server.shutdown()
    expect(codes).toEqual([
      ipAddress('127.0.0.1', 2000),
      'ERR_SOCK_NO_PEER_ADDRESS',
      'ERR_SOCK_NO_PEER_ADDRESS',
      undefined,
    ])
    expect(port.sent).toHaveLength(2)
  })
})

describe('observers of a write', () => {
  it('DatagramOutput.write() sends nothing once an observer of the write has closed the server', async () => {
    const codes: unknown[] = []
    const { port, server } = await serve({
      async data(channel, data) {
        await channel.write(data).catch((error: { code: unknown }) => void codes.push(error.code))
      },
    })
    server.on('connection', ({ state }) => {
      if (state === 'write') void server.close()
    })
    port.receive('x')
    await server.closed
    await turn()
    expect(codes).toEqual(['ERR_SOCK_CLOSED'])
    expect(port.sent).toEqual([])
  })

  it('DatagramOutput.write() by an observer of a write is sent after that write', async () => {
    const { port, server } = await serve({ data: (channel, data) => channel.write(data) })
    const stop = server.on('connection', ({ state }) => {
      if (state !== 'write') return
      stop()
      void channel?.send('B', PEER)
    })
    let channel: Parameters<Parameters<typeof server.on<'error'>>[1]>[1]
    server.on('error', (_, own) => (channel = own))
    port.fail(new Error('so that the channel is known'))
    port.receive('A')
    await settle()
    expect(port.sent.map(({ data }) => data)).toEqual(['A', 'B'])
    await server.close()
  })
})
