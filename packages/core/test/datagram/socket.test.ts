import { describe, expect, it } from '@jest/globals'
import { ipAddress } from '../../src/lib/address/address.js'
import { rejection } from '@sock/test-support/wait'
import { systemError } from '../support/fake-server.js'
import { dial, serve, turn } from '../support/fake-datagram-sockets.js'

describe('DatagramSocket', () => {
  it('DatagramSocket marks truncated datagrams, in data() and receive()', async () => {
    const seen: unknown[] = []
    const { port, server } = await serve({
      data: (_, data, from, truncated) => void seen.push([String(data), from, truncated]),
    })
    port.receive('cut', 5, true)
    port.receiveNameless('whole')
    expect(seen).toEqual([
      ['cut', ipAddress('127.0.0.1', 5), true],
      ['whole', undefined, false],
    ])
    await server.close()
    const client = await dial()
    client.port.receive('cut', 9, true)
    expect(await client.channel.receive()).toMatchObject({ truncated: true })
    await client.channel.close()
  })

  it('DatagramSocket tells observers of each read and its sender, also one without a name', async () => {
    const { port, server } = await serve({ data() {} })
    const remotes: unknown[] = []
    server.on('connection', ({ state, remote }) => void remotes.push([state, remote && String(remote)]))
    port.receive('a', 7)
    port.receiveNameless('b')
    await server.close()
    expect(remotes).toEqual([
      ['read', '127.0.0.1:7'],
      ['read', undefined],
      ['close', undefined],
    ])
  })

  it('DatagramSocket drops and counts a datagram whose observer closes the server', async () => {
    const seen: string[] = []
    const { port, server } = await serve({ data: (_, data) => void seen.push(String(data)) })
    server.on('connection', ({ state }) => {
      if (state === 'read') void server.close()
    })
    port.receive('x')
    await server.closed
    expect(seen).toEqual([])
    expect(server.stats().datagramsDropped.closing).toBe(1)
  })

  it('DatagramSocket keeps the kernel drops of its port in stats() after the end', async () => {
    const { server } = await serve({ data() {} }, { kernelDrops: 5 })
    expect(server.stats().datagramsDropped.kernel).toBe(5)
    await server.close()
    expect(server.stats().datagramsDropped.kernel).toBe(5)
  })

  it('DatagramSocket reports errors of a server that affect no send, and goes on', async () => {
    const { port, server, errors } = await serve({ data: (channel, data) => channel.write(data) })
    port.fail(systemError('EIO'))
    expect(errors).toMatchObject([{ code: 'EIO' }])
    port.receive('x')
    expect(port.sent).toHaveLength(1)
    await server.close()
  })

  it('DatagramSocket of a server rejects no waiting read with an error that affects no send', async () => {
    const seen: string[] = []
    const { port, server, errors } = await serve(async (channel) => {
      for await (const data of channel) seen.push(String(data))
    })
    port.receive('a')
    await turn()
    port.fail(systemError('EIO'))
    port.receive('b')
    await server.shutdown()
    expect([seen, errors.length, server.stats().handlerErrors]).toEqual([['a', 'b'], 1, 0])
  })

  it('DatagramSocket pauses a port that can while the handler is slow, and loses nothing', async () => {
    let release = (): void => undefined
    const gate = new Promise<void>((resolve) => (release = resolve))
    const seen: string[] = []
    const { port, server } = await serve(
      {
        async data(_, data) {
          await gate
          seen.push(String(data))
        },
      },
      { canPause: true, maxQueuedBytes: 300 },
    )
    for (let count = 0; count < 5; count++) port.receive(`${count}`)
    expect(port.calls).toEqual(['start', 'pause'])
    release()
    await server.shutdown()
    expect(seen).toEqual(['0', '1', '2', '3', '4'])
    expect(port.calls).toEqual(['start', 'pause', 'resume', 'close'])
  })
})

describe('observers of a datagram socket', () => {
  it.each(['read', 'write'] as const)(
    'close() of a client by an observer of "%s" takes effect at once',
    async (state) => {
      const { port, channel } = await dial({}, undefined, (event) => {
        if (event.state === state) closing ??= channel.close()
      })
      let closing: Promise<void> | undefined
      const reading = channel.read()
      port.receive('answer')
      if (state === 'write') {
        expect((await rejection(channel.write('late'))).code).toBe('ERR_SOCK_CLOSED')
        expect(port.sent).toEqual([])
      } else expect(await reading).toBeNull()
      await closing
      expect(port.isClosed).toBe(true)
    },
  )

  it('server.close() in a listener of the signal does not close the port twice', async () => {
    const { port, server } = await serve((channel) => {
      channel.signal.addEventListener('abort', () => {
        aborts.push(
          channel.isOpen,
          channel.write('late').catch((error: { code: string }) => error.code),
        )
        void server.close()
      })
      return new Promise(() => {})
    })
    const aborts: unknown[] = []
    port.receive('x')
    await server.close()
    expect(await Promise.all(aborts)).toEqual([false, 'ERR_SOCK_CLOSED'])
    expect([port.calls, port.attempts]).toEqual([['start', 'close'], 0])
  })
})
