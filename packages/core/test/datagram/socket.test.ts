import { describe, expect, it } from '@jest/globals'
import { ipAddress, type IpAddress } from '../../src/lib/address/address.js'
import type { DatagramHandler } from '../../src/lib/channel/handler.js'
import { createDatagramServer } from '../../src/lib/datagram/server.js'
import { createFakeDatagramPort } from '@sock/testing'
import { rejection } from '@sock/tools/testing/wait'
import { systemError } from '../support/fake-server.js'
import { dial, PEER, serve, turn } from '../support/fake-datagram-sockets.js'
import { settle } from '../support/settle.js'

describe('DatagramSocket', () => {
  it('DatagramSocket answers the right sender when several come in one turn, in each form of handler', async () => {
    const handlers: DatagramHandler[] = [
      async (channel) => {
        for await (const data of channel) await channel.write(data)
      },
      async (channel) => {
        const data = await channel.read()
        await turn()
        await channel.write(data!)
      },
      { data: (channel, data) => channel.write(data) },
      {
        async data(channel, data) {
          await turn()
          await channel.write(data)
        },
      },
    ]
    for (const handler of handlers) {
      const { port, server } = await serve(handler)
      for (let from = 1; from <= 20; from++) port.receive(`${from}`, from)
      expect(await server.shutdown()).toMatchObject({ forced: 0 })
      const answers = port.sent.map(({ data, to }) => [data, to])
      expect(answers).toEqual(
        Array.from({ length: 20 }, (_, index) => [`${index + 1}`, `127.0.0.1:${index + 1}`]),
      )
    }
  })

  it('DatagramSocket marks what was cut, in each way to receive it', async () => {
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

  it('DatagramSocket has no answer for a sender without a name, and lives', async () => {
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

  it('DatagramSocket says `read` to observers with the sender, also one without a name', async () => {
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

  it('DatagramSocket delivers nothing that an observer of `read` has closed it for, and counts it', async () => {
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

  it('DatagramSocket sends nothing once an observer of `write` has closed it', async () => {
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

  it('DatagramSocket asks the port for kernel drops in stats() only', async () => {
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

  it('DatagramSocket does not disturb the read of a server with such an error', async () => {
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

  it('DatagramSocket waits in close() of a run until its answer has left', async () => {
    let isOver = false
    const { port, server } = await serve(
      async (channel) => {
        void channel.write((await channel.read()) ?? '')
        await channel.close()
        isOver = true
      },
      { answer: () => 'later' },
    )
    port.receive('x')
    await turn()
    expect(isOver).toBe(false)
    port.sent[0]?.done()
    await turn()
    expect(isOver).toBe(true)
    await server.close()
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

describe('DatagramBinding.warnings', () => {
  it('DatagramBinding.warnings are errors of the server, which listens all the same', async () => {
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

describe('observers of a datagram socket', () => {
  it('write() of an observer of a write comes after it', async () => {
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

  it('close() of the server in a listener of the signal comes too late to close twice', async () => {
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
