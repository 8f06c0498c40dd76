import { afterEach, expect, it, jest } from '@jest/globals'
import { mkdirSync, writeFileSync } from 'node:fs'
import type { DatagramChannel, DatagramServerStats } from '@sock/core'
import { describeUnixDgram as describe, itAsRoot, itWith, NOBODY } from '@sock/test-support/needs'
import type { Program } from '@sock/test-support/programs'
import { rejection, until } from '@sock/test-support/wait'
import { engines } from './support/engines.js'
import { ask, leaveDeadSocket, useScratch } from './support/scratch.js'

/** More than a receiver's queue holds. */
const MANY = 50

for (const { name, options, describe: describeEngine } of engines) {
  describeEngine(`faults of receivers${name}`, () => {
    const scratch = useScratch(options.engine)
    const to = (file: string) => ({ family: 'unix', path: scratch.path(file) }) as const

    /** A server whose handler passes its channel to the test, which sends from it. */
    async function serveChannel(): Promise<{ channel: DatagramChannel; stats: () => DatagramServerStats }> {
      const opening: { resolve?: (channel: DatagramChannel) => void } = {}
      const opened = new Promise<DatagramChannel>((resolve) => (opening.resolve = resolve))
      const { server } = await scratch.serve({
        open: (channel) => opening.resolve?.(channel),
        data: (channel, data) => channel.write(data),
      })
      return { channel: await opened, stats: () => server.stats() }
    }

    async function expectServed(): Promise<void> {
      expect(await ask(await scratch.connect(), 'still here?')).toBe('still here?')
    }

    describe('send() of a server to', () => {
      const wrong: [string, string, () => unknown][] = [
        ['a path where nothing is', 'ENOENT', () => undefined],
        ['a folder that is none', 'ENOTDIR', () => writeFileSync(scratch.own('there'), '')],
        ['a socket whose owner has gone', 'ECONNREFUSED', () => leaveDeadSocket(scratch.own('there'))],
        ['a stream socket', 'EPROTOTYPE', () => scratch.listenStream(scratch.own('there'))],
        ['a regular file', 'ECONNREFUSED', () => writeFileSync(scratch.own('there'), 'mine')],
        ['a folder', 'ECONNREFUSED', () => mkdirSync(scratch.own('there'))],
      ]

      it.each(wrong)(
        'send() of a server to %s rejects with %s, is counted, and delays no other send (F3, F4, F5, F14)',
        async (_, code, prepare) => {
          await prepare()
          const { channel, stats } = await serveChannel()
          const file = code === 'ENOTDIR' ? 'there/app.sock' : 'there'
          const error = await rejection(channel.send('x', to(file)))
          expect(error).toMatchObject({ code, syscall: 'send', path: scratch.path(file) })
          expect(error.message).toBe(`send ${code} ${scratch.path(file)}`)
          expect(stats()).toMatchObject({ sendErrors: 1, datagramsSent: 0, sendQueueBytes: 0 })
          await expectServed()
        },
      )

      itWith(
        'python3',
        'send() of a server to a socket that is connected to another one rejects with EPERM (F6)',
        async () => {
          const python = scratch.python(
            `
other = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
other.bind(sys.argv[1])
s.bind(sys.argv[2])
s.connect(sys.argv[1])
say('connected')
hear()
`,
            scratch.own('other'),
            scratch.own('there'),
          )
          await python.hear()
          const { channel, stats } = await serveChannel()
          expect(await rejection(channel.send('x', to('there')))).toMatchObject({ code: 'EPERM' })
          expect(stats()).toMatchObject({ sendErrors: 1, sendQueueBytes: 0 })
          await expectServed()
        },
      )

      itAsRoot('send() of a server to a socket of another user rejects with EACCES (F19)', async () => {
        await scratch.serve({ data() {} }, {}, { path: scratch.path('there'), mode: 0o600 })
        const child = scratch.child(
          async ({ become, createUnixgramServer, fs, options: engine }, folder, uid) => {
            fs.mkdirSync(`${folder}/own`)
            fs.chownSync(`${folder}/own`, uid, uid)
            let sending: Promise<unknown> = Promise.resolve()
            const server = createUnixgramServer(
              {
                open(channel) {
                  const there = { family: 'unix', path: `${folder}/there` } as const
                  sending = channel.send('x', there).catch((error: NodeJS.ErrnoException) => error.code)
                },
              },
              engine,
            )
            become(uid)
            await server.listen(`${folder}/own/app.sock`)
            const code = await sending
            await server.close()
            return code
          },
          scratch.folder,
          NOBODY,
        )
        scratch.own('own')
        expect(await child.result).toBe('EACCES')
      })
    })

    describe('a receiver that is stopped (SIGSTOP) with a full queue', () => {
      itWith(
        'python3',
        'a receiver that is stopped gets everything in order once it goes on, and holds up no other receiver (F1)',
        async () => {
          const receiver = await scratch.receiver()
          const { channel, stats } = await serveChannel()
          receiver.say(MANY)
          await receiver.stop()
          const messages = Array.from({ length: MANY }, (_, n) => `message ${n}`)
          const sending = messages.map((message) => channel.send(message, to('receiver.sock')))
          await expectServed()
          expect(stats().sendQueueBytes).toBeGreaterThan(0)
          receiver.signal('SIGCONT')
          await Promise.all(sending)
          for (const message of messages) expect(await receiver.hear()).toBe(message)
          expect(stats()).toMatchObject({ sendErrors: 0, datagramsSent: MANY + 1, sendQueueBytes: 0 })
          await expectServed()
        },
      )

      itWith(
        'python3',
        'a receiver that is stopped and then killed (SIGKILL): each send settles with ECONNREFUSED or was sent (F1, F3)',
        async () => {
          const receiver = await scratch.receiver()
          const { channel, stats } = await serveChannel()
          await receiver.stop()
          const sending = Array.from({ length: MANY }, () => channel.send('x', to('receiver.sock')))
          await expectServed()
          await receiver.kill()
          const results = await Promise.allSettled(sending)
          const codes = results.flatMap((one) =>
            one.status === 'rejected' ? [one.reason.code as unknown] : [],
          )
          expect(codes.length).toBeGreaterThan(0)
          expect(new Set(codes)).toEqual(new Set(['ECONNREFUSED']))
          expect(stats()).toMatchObject({ sendErrors: codes.length, datagramsSent: MANY + 1 - codes.length })
          await expectServed()
        },
      )

      itWith(
        'python3',
        'a receiver that is stopped delays neither close(), nor shutdown() beyond its deadline (F1)',
        async () => {
          const receiver = await scratch.receiver()
          await receiver.stop()
          const outcomes: Promise<PromiseSettledResult<void>[]>[] = []
          const { server } = scratch.server({
            open(channel) {
              const sending = Array.from({ length: MANY }, () => channel.send('x', to('receiver.sock')))
              outcomes.push(Promise.allSettled(sending))
            },
            data: (channel, data) => channel.write(data),
          })
          await server.listen(scratch.path())
          await server.close()
          await server.listen(scratch.path())
          expect(await rejection(server.shutdown({ timeout: 20 }))).toMatchObject({
            code: 'ERR_SOCK_SHUTDOWN_TIMEOUT',
          })
          const results = (await Promise.all(outcomes)).flat()
          expect(results).toHaveLength(2 * MANY)
          const { datagramsSent, sendErrors } = server.stats()
          expect(datagramsSent + sendErrors).toBe(2 * MANY)
          await receiver.kill()
          await server.listen(scratch.path())
          await expectServed()
        },
      )
    })

    describe('a client whose server is stopped (SIGSTOP) and then killed (SIGKILL)', () => {
      it('a client whose server is stopped (SIGSTOP) and then killed (SIGKILL) settles waiting sends, and is served by the successor on the stale file (F3)', async () => {
        const victim = scratch.child(async ({ createUnixgramServer, options: engine, say, hear }, path) => {
          await createUnixgramServer({ data: () => undefined }, engine).listen(path)
          say('ready')
          await hear()
        }, scratch.path())
        await victim.hear()
        await victim.stop()
        const client = await scratch.connect()
        const sending = Array.from({ length: MANY }, () => client.write('x'))
        let settled = 0
        for (const one of sending) void one.then(() => (settled += 1)).catch(() => (settled += 1))
        await new Promise(setImmediate)
        expect(settled).toBeLessThan(MANY)
        await victim.kill()
        await until(() => settled === MANY, 'all settle')
        const results = await Promise.allSettled(sending)
        for (const one of results) {
          if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'ECONNREFUSED' })
        }
        await scratch.serve()
        expect(await ask(client, 'again')).toBe('again')
        await expectServed()
      })
    })
  })
}

describe('a receiver that does not read', () => {
  const scratch = useScratch()
  /** More than the queue of a receiver holds: 11 messages with Linux's usual net.unix.max_dgram_qlen of 10. */
  const COUNT = 200

  afterEach(() => void jest.useRealTimers())

  /** Sends many at once. */
  function sendMany(send: (message: string) => Promise<void>): {
    messages: string[]
    sending: Promise<void>[]
  } {
    const messages = Array.from({ length: COUNT }, (_, n) => `message ${n}`)
    return { messages, sending: messages.map((message) => send(message)) }
  }

  async function hearAll(receiver: Program, count: number): Promise<string[]> {
    const heard: string[] = []
    while (heard.length < count) heard.push(await receiver.hear())
    return heard
  }

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
      expect(settled).toBeLessThan(COUNT)
      receiver.say(COUNT)
      await Promise.all(sending)
      expect(await hearAll(receiver, COUNT)).toEqual(messages)
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
    'write() of a client to a server that does not read rejects with ERR_SOCK_BACKPRESSURE after five seconds, all of them together',
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
    'send() of a server to a receiver that does not read rejects with ERR_SOCK_BACKPRESSURE after five seconds',
    async () => {
      jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] })
      await scratch.receiver()
      let opened: (channel: DatagramChannel) => void
      const opening = new Promise<DatagramChannel>((resolve) => (opened = resolve))
      await scratch.serve({ open: (given) => opened(given) })
      const channel = await opening
      const to = { family: 'unix', path: scratch.path('receiver.sock') } as const
      const { sending } = sendMany((message) => channel.send(message, to))
      const last = rejection(sending.at(-1) as Promise<void>)
      await jest.advanceTimersByTimeAsync(5100)
      expect(await last).toMatchObject({ code: 'ERR_SOCK_BACKPRESSURE', cause: { code: 'EAGAIN' } })
    },
  )
})
