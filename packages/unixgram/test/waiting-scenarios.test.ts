import { afterEach, describe, expect, it, jest } from '@jest/globals'
import type { DatagramChannel } from '@sock/core'
import { itWith } from '@sock/tools/testing/needs'
import { rejection, until } from '@sock/tools/testing/wait'
import type { Python } from './support/python.js'
import { ask, useScratch } from './support/scratch.js'

const scratch = useScratch()

/** More than the queue of a receiver holds: 11 messages with Linux's usual net.unix.max_dgram_qlen of 10. */
const MANY = 200

afterEach(() => void jest.useRealTimers())

/** Sends many at once. */
function sendMany(send: (message: string) => Promise<void>): {
  messages: string[]
  sending: Promise<void>[]
} {
  const messages = Array.from({ length: MANY }, (_, n) => `message ${n}`)
  return { messages, sending: messages.map((message) => send(message)) }
}

async function hearAll(receiver: Python, count: number): Promise<string[]> {
  const heard: string[] = []
  while (heard.length < count) heard.push(await receiver.hear())
  return heard
}

describe('write() of a client to a server that does not read', () => {
  itWith(
    'python3',
    'write() of a client to a server that does not read waits, and keeps the order',
    async () => {
      const receiver = await scratch.receiver()
      const client = await scratch.connect(scratch.path('receiver.sock'))
      const { messages, sending } = sendMany((message) => client.write(message))
      let settled = 0
      for (const promise of sending) void promise.then(() => (settled += 1))
      await new Promise(setImmediate)
      expect(settled).toBeLessThan(MANY)
      receiver.say(MANY)
      await Promise.all(sending)
      expect(await hearAll(receiver, MANY)).toEqual(messages)
    },
  )

  itWith(
    'python3',
    'write() of a client to a server that does not read costs no time while it waits (D9)',
    async () => {
      const receiver = await scratch.receiver()
      const client = await scratch.connect(scratch.path('receiver.sock'))
      const { sending } = sendMany((message) => client.write(message))
      const before = process.cpuUsage()
      const end = performance.now() + 300
      await until(() => performance.now() > end, 'time passes')
      const { user, system } = process.cpuUsage(before)
      // A busy loop would take it all; `until` itself takes some.
      expect((user + system) / 1000).toBeLessThan(150)
      await receiver.kill()
      await Promise.allSettled(sending)
    },
  )

  itWith(
    'python3',
    'rejects with ERR_SOCK_BACKPRESSURE after five seconds, all of them together',
    async () => {
      jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] })
      const receiver = await scratch.receiver()
      const client = await scratch.connect(scratch.path('receiver.sock'))
      const outcomes: unknown[] = []
      const { messages, sending } = sendMany((message) => client.write(message))
      for (const promise of sending) {
        promise.then(
          () => outcomes.push('sent'),
          (error: { code?: string }) => outcomes.push(error.code),
        )
      }
      await jest.advanceTimersByTimeAsync(4900)
      const sent = outcomes.length
      expect(outcomes).toEqual(outcomes.map(() => 'sent'))
      await jest.advanceTimersByTimeAsync(200)
      expect(outcomes.slice(sent)).toEqual(messages.slice(sent).map(() => 'ERR_SOCK_BACKPRESSURE'))
      receiver.say(sent)
      expect(await hearAll(receiver, sent)).toEqual(messages.slice(0, sent))
      await client.write('late')
      receiver.say(1)
      expect(await receiver.hear()).toBe('late')
    },
  )

  itWith(
    'python3',
    'write() of a client to a server that does not read settles when the client is closed in the same tick',
    async () => {
      const receiver = await scratch.receiver()
      const client = await scratch.connect(scratch.path('receiver.sock'))
      const { messages, sending } = sendMany((message) => client.write(message))
      const closing = client.close()
      await expect(client.write('late')).rejects.toMatchObject({ code: 'ERR_SOCK_CLOSED' })
      receiver.say(MANY)
      await closing
      await Promise.all(sending)
      expect(await hearAll(receiver, MANY)).toEqual(messages)
    },
  )
})

/** A server whose handler passes its channel to the test, which sends from it. */
async function serveChannel(): Promise<DatagramChannel> {
  let opened: (channel: DatagramChannel) => void
  const opening = new Promise<DatagramChannel>((resolve) => (opened = resolve))
  await scratch.serve({ open: (channel) => opened(channel), data: (channel, data) => channel.write(data) })
  return opening
}

describe('send() of a server to a receiver that does not read (F1)', () => {
  itWith(
    'python3',
    'send() of a server to a receiver that does not read waits, keeps the order, and does not hold up others',
    async () => {
      const receiver = await scratch.receiver()
      const channel = await serveChannel()
      const to = { family: 'unix', path: scratch.path('receiver.sock') } as const
      const { messages, sending } = sendMany((message) => channel.send(message, to))
      let settled = 0
      for (const promise of sending) void promise.then(() => (settled += 1))
      const client = await scratch.connect()
      for (let round = 0; round < 20; round++) expect(await ask(client, `${round}`)).toBe(`${round}`)
      expect(settled).toBeLessThan(MANY)
      receiver.say(MANY)
      await Promise.all(sending)
      expect(await hearAll(receiver, MANY)).toEqual(messages)
    },
  )

  itWith(
    'python3',
    'send() of a server to a receiver that does not read rejects with ERR_SOCK_BACKPRESSURE after five seconds',
    async () => {
      jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] })
      await scratch.receiver()
      const channel = await serveChannel()
      const to = { family: 'unix', path: scratch.path('receiver.sock') } as const
      const { sending } = sendMany((message) => channel.send(message, to))
      const last = rejection(sending.at(-1) as Promise<void>)
      await jest.advanceTimersByTimeAsync(5100)
      expect(await last).toMatchObject({ code: 'ERR_SOCK_BACKPRESSURE', cause: { code: 'EAGAIN' } })
    },
  )

  itWith(
    'python3',
    'send() of a server to a receiver that does not read settles with ERR_SOCK_CLOSED when the server is closed in the same tick',
    async () => {
      await scratch.receiver()
      let settled: Promise<PromiseSettledResult<void>[]> = Promise.resolve([])
      const { server } = await scratch.serve({
        open(channel) {
          const to = { family: 'unix', path: scratch.path('receiver.sock') } as const
          const { sending } = sendMany((message) => channel.send(message, to))
          settled = Promise.allSettled(sending)
        },
      })
      await server.close()
      await server.close()
      const results = await settled
      const codes = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []))
      expect(codes.length).toBeGreaterThan(MANY / 2)
      expect(new Set(codes)).toEqual(new Set(['ERR_SOCK_CLOSED']))
    },
  )

  itWith(
    'python3',
    'send() of a server to a receiver that does not read settles when the receiver goes',
    async () => {
      const receiver = await scratch.receiver()
      const channel = await serveChannel()
      const to = { family: 'unix', path: scratch.path('receiver.sock') } as const
      const { sending } = sendMany((message) => channel.send(message, to))
      await receiver.kill()
      const results = await Promise.allSettled(sending)
      const codes = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []))
      expect(codes.length).toBeGreaterThan(0)
      expect(new Set(codes)).toEqual(new Set(['ECONNREFUSED']))
    },
  )
})

describe('shutdown()', () => {
  it('shutdown() lets the handler that runs answer, under the name it has', async () => {
    let finish = (): void => undefined
    const finished = new Promise<void>((resolve) => (finish = resolve))
    const { server } = await scratch.serve(async (channel) => {
      const datagram = await channel.receive()
      await datagram?.reply('working')
      await finished
      await datagram?.reply('done')
    })
    const client = await scratch.connect()
    expect(await ask(client, 'x')).toBe('working')
    const stopping = server.shutdown()
    expect(scratch.names()).toEqual(['app.sock'])
    finish()
    expect(String(await client.read())).toBe('done')
    expect(await stopping).toEqual({ idle: 0, drained: 1, forced: 0 })
    expect(scratch.names()).toEqual([])
  })
})
