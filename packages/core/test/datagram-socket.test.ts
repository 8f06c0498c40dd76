import { describe, expect, it } from '@jest/globals'
import { ipAddress } from '../src/lib/address.js'
import type { DatagramChannel } from '../src/lib/channel.js'
import { connectDatagram } from '../src/lib/datagram/client.js'
import { createDatagramServer } from '../src/lib/datagram/server.js'
import { exchange } from '../src/lib/exchange.js'
import type { DatagramHandler } from '../src/lib/handler.js'
import type { Server, DatagramServerStats } from '../src/lib/server.js'
import { FakeDatagramPort, systemError, type FakePortOptions } from './support/fake-datagram-port.js'

const PEER = ipAddress('127.0.0.1', 9)

async function serve(
  handler: DatagramHandler,
  options: FakePortOptions & { maxQueuedBytes?: number } = {},
): Promise<{
  port: FakeDatagramPort
  server: Server<string, typeof PEER, DatagramServerStats, DatagramChannel>
  errors: Error[]
}> {
  const port = new FakeDatagramPort(options)
  const binding = { transport: 'unixgram', parse: () => 0, open: () => Promise.resolve(port) } as const
  const { maxQueuedBytes = 10_000 } = options
  const settings = { shutdownTimeout: 1_000, maxQueuedBytes, configure: undefined }
  const server = createDatagramServer<string, typeof PEER, number>(binding, handler, settings)
  const errors: Error[] = []
  server.on('error', (error) => void errors.push(error))
  await server.listen('here')
  return { port, server, errors }
}

async function dial(options: FakePortOptions = {}): Promise<{
  port: FakeDatagramPort
  channel: DatagramChannel
}> {
  const port = new FakeDatagramPort({ peer: PEER, ...options })
  const dialled = {
    transport: 'unixgram',
    maxQueuedBytes: 1_000,
    configure: undefined,
    onState: undefined,
  } as const
  return { port, channel: await connectDatagram({ ...dialled, dial: () => Promise.resolve(port) }, PEER) }
}

const turn = (): Promise<void> => new Promise(setImmediate)

describe('DatagramSocket', () => {
  it('answers the right sender when several come in one turn, in each form of handler', async () => {
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

  it('marks what was cut, in each way to receive it', async () => {
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

  it('has no answer for a sender without a name, and lives', async () => {
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

  it('says `read` to observers with the sender, also one without a name', async () => {
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

  it('asks the port for kernel drops in stats() only', async () => {
    const { server } = await serve({ data() {} }, { kernelDrops: 5 })
    expect(server.stats().datagramsDropped.kernel).toBe(5)
    await server.close()
    expect(server.stats().datagramsDropped.kernel).toBe(5)
  })

  it('reports errors of a server that concern nobody, and goes on', async () => {
    const { port, server, errors } = await serve({ data: (channel, data) => channel.write(data) })
    port.fail(systemError('EIO'))
    expect(errors).toMatchObject([{ code: 'EIO' }])
    port.receive('x')
    expect(port.sent).toHaveLength(1)
    await server.close()
  })

  it('does not disturb the read of a server with such an error', async () => {
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

  it('waits in close() of a run until its answer has left', async () => {
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

  it('pauses a port that can while the handler is slow, and loses nothing', async () => {
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

describe('shutdown of a datagram server', () => {
  it('waits for the send queue, then closes', async () => {
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

  it('fails what has not left at the deadline', async () => {
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

  it('throws away what nobody reads, and counts it', async () => {
    const { port, server } = await serve({ open() {} })
    for (const text of ['a', 'b']) port.receive(text)
    await server.shutdown()
    expect(server.stats().datagramsDropped.closing).toBe(2)
  })

  it('leaves what is queued to a reader in `open`, and throws away what that leaves', async () => {
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
  it('leaves errors that concern nobody alone, and fails the read that waits', async () => {
    const { port, channel } = await dial()
    port.fail(systemError('ECONNREFUSED'))
    const reading = channel.read()
    port.fail(systemError('ECONNREFUSED'))
    await expect(reading).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await channel.write('still')
    expect(port.sent).toMatchObject([{ data: 'still', to: String(PEER) }])
    await channel.close()
  })

  it('is closed once what was sent has left', async () => {
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

  it('settles everything when the port closes by itself', async () => {
    const { port, channel } = await dial({ answer: () => 'later' })
    const pending = [channel.write('x'), channel.read()]
    port.close()
    for (const each of pending) await expect(each).rejects.toMatchObject({ code: 'ERR_SOCK_CLOSED' })
    expect([channel.isOpen, await channel.read()]).toEqual([false, null])
    await channel.close()
  })

  it('is closed by exchange(), also when the send fails', async () => {
    const { channel } = await dial({ answer: () => systemError('ENETUNREACH') })
    await expect(exchange(channel, 'x')).rejects.toMatchObject({ code: 'ENETUNREACH' })
    expect(channel.isOpen).toBe(false)
  })
})
