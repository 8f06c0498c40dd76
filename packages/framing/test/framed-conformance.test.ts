import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { describeUnixDgram } from '@sock/test-support/needs'
import type { Channel, Handler, Server } from '@sock/core'
import { engine } from '@sock/native'
import { connectTcp, createTcpServer } from '@sock/tcp'
import { testedEngines } from '@sock/test-support/engines'
import { until } from '@sock/test-support/wait'
import { connectUdp, createUdpServer } from '@sock/udp'
import { connectUnix, createUnixServer } from '@sock/unix'
import { connectUnixgram, createUnixgramServer } from '@sock/unixgram'
import {
  framed,
  frames,
  lengthPrefixed,
  lines,
  type ChannelCallbacks,
  type FrameCallbacks,
  type FrameFunction,
} from '../src/index.js'

/** What the four transports have in common here. */
interface Transport {
  /** Skips where the engine cannot be used. */
  readonly describe: typeof describe.skip
  readonly isStream: boolean
  create(handler: Handler | ChannelCallbacks): Server
  target(): string
  connect(address: never): Promise<Channel>
}

const folder = mkdtempSync(join(tmpdir(), 'sock-framing-'))
afterAll(() => rmSync(folder, { recursive: true }))
let count = 0
const path = (): string => join(folder, `${(count += 1)}`)
const ip = (): string => '127.0.0.1:0'

const transports: Record<string, Transport> = {}
for (const { name, options, describe: describeEngine } of testedEngines(engine)) {
  transports[`tcp${name}`] = {
    describe: describeEngine,
    isStream: true,
    create: (handler) => createTcpServer(handler, options),
    target: ip,
    connect: (address) => connectTcp(address, options),
  }
  transports[`unix${name}`] = {
    describe: describeEngine,
    isStream: true,
    create: (handler) => createUnixServer(handler, options),
    target: path,
    connect: (address) => connectUnix(address, options),
  }
  transports[`udp${name}`] = {
    describe: describeEngine,
    isStream: false,
    create: (handler) => createUdpServer(handler, options),
    target: ip,
    connect: (address) => connectUdp(address, options),
  }
  transports[`unixgram${name}`] = {
    describe: name === '' ? describeUnixDgram : describeEngine,
    isStream: false,
    create: (handler) => createUnixgramServer(handler, options),
    target: path,
    connect: (address) => connectUnixgram(address, options),
  }
}
const datagrams = Object.entries(transports).filter(([, { isStream }]) => !isStream)

const echoFunction: FrameFunction<string, string> = async (peer) => {
  for await (const line of peer) await peer.write(`${line}!`)
}
const echoCallbacks: FrameCallbacks<string, string> = {
  message: (peer, line) => void peer.write(`${line}!`),
}
const slowCallbacks: FrameCallbacks<string, string> = {
  message: async (peer, line) => {
    await new Promise(setImmediate)
    await peer.write(`${line}!`)
  },
}

async function serving(
  transport: Transport,
  handler: Handler | ChannelCallbacks,
  act: (client: Channel, errors: Error[], server: Server) => Promise<void>,
): Promise<void> {
  const server = transport.create(handler)
  const errors: Error[] = []
  server.on('error', (error) => errors.push(error))
  const address = await server.listen(transport.target())
  const client = await transport.connect(address as never)
  try {
    await act(client, errors, server)
  } finally {
    await client.close().catch(() => undefined)
    await server.close()
  }
}

for (const [name, transport] of Object.entries(transports))
  transport.describe(`framed() over ${name}`, () => {
    describe.each([
      ['a function', framed(lines(), echoFunction)],
      ['callbacks', framed(lines(), echoCallbacks)],
      ['callbacks that take their time', framed(lines(), slowCallbacks)],
    ])('with %s', (form, handler) => {
      it(`framed(): ${form} over ${name} get each line, also several of one write, and answer each`, () =>
        serving(transport, handler, async (client) => {
          const peer = frames(client, lines())
          await client.write('one\ntwo\r\nthree\n')
          expect([await peer.read(), await peer.read(), await peer.read()]).toEqual([
            'one!',
            'two!',
            'three!',
          ])
          await peer.write('four')
          expect(await peer.read()).toBe('four!')
        }))

      it(`framed(): ${form} over ${name} get what is left at the end as the last line`, () =>
        serving(transport, handler, async (client) => {
          const peer = frames(client, lines())
          await client.write('one\nlast')
          if ('closeWrite' in client) await (client as { closeWrite(): Promise<void> }).closeWrite()
          expect([await peer.read(), await peer.read()]).toEqual(['one!', 'last!'])
          if (transport.isStream) expect(await peer.read()).toBeNull()
        }))
    })

    it.each([
      [
        'a function',
        framed(lengthPrefixed({ bytes: 1 }), async (peer) => {
          for await (const frame of peer) await peer.write(frame)
        }),
      ],
      ['callbacks', framed(lengthPrefixed({ bytes: 1 }), { message: (peer, frame) => peer.write(frame) })],
    ])(
      `framed(): %s over ${name}: a frame that is cut short is reported, and the server serves on`,
      (_, handler) =>
        serving(transport, handler, async (client, errors, server) => {
          await client.write(Buffer.from([1, 7, 9, 1, 2]))
          if (transport.isStream) {
            await (client as unknown as { closeWrite(): Promise<void> }).closeWrite()
            // Unix sockets know no reset: there the answer ends.
            const peer = frames(client, lengthPrefixed({ bytes: 1 }))
            const read = (): Promise<Buffer | null> => peer.read().catch(({ code }) => code)
            expect([[null], ['ERR_SOCK_RESET']]).toContainEqual([
              await read().then((first) => (first?.[0] === 7 ? read() : first)),
            ])
          } else {
            expect(await client.read()).toEqual(Buffer.from([1, 7]))
          }
          const next = await transport.connect(server.address as never)
          await next.write(Buffer.from([1, 8]))
          expect(await next.read()).toEqual(Buffer.from([1, 8]))
          await next.close()
          expect(errors).toEqual([
            expect.objectContaining({ code: 'ERR_SOCK_FRAME_INCOMPLETE', partial: Buffer.from([9, 1, 2]) }),
          ])
        }),
    )
  })

for (const [name, transport] of datagrams)
  transport.describe(`framed() over datagrams of ${name}`, () => {
    it(`framed(): frames of a datagram over ${name} that a run of the handler leaves go to the next run`, () => {
      const runs: (string | null)[] = []
      const handler = framed(lines(), async (peer) => {
        const line = await peer.read()
        runs.push(line)
        await peer.write(line ?? '')
      })
      return serving(transport, handler, async (client) => {
        const peer = frames(client, lines())
        await client.write('one\ntwo\nthree\n')
        expect([await peer.read(), await peer.read(), await peer.read()]).toEqual(['one', 'two', 'three'])
        expect(runs).toEqual(['one', 'two', 'three'])
      })
    })

    /** Sends each datagram when the one before was answered. */
    async function ask(client: Channel, ...questions: string[]): Promise<(string | null)[]> {
      const peer = frames(client, lines())
      const answers: (string | null)[] = []
      for (const question of questions) {
        await client.write(question)
        answers.push(await peer.read())
      }
      return answers
    }

    it.each([
      ['a function', framed(lines({ maxBytes: 5 }), echoFunction)],
      ['callbacks', framed(lines({ maxBytes: 5 }), echoCallbacks)],
      ['callbacks that take their time', framed(lines({ maxBytes: 5 }), slowCallbacks)],
    ])(
      `framed(): %s over ${name}: a datagram with a wrong frame is reported once, and the next ones are whole`,
      (_, handler) =>
        serving(transport, handler, async (client, errors) => {
          expect(await ask(client, 'a\ntoo long\nlost\n', 'b\n', 'c\n')).toEqual(['a!', 'b!', 'c!'])
          expect(errors).toEqual([expect.objectContaining({ code: 'ERR_SOCK_FRAME_TOO_LARGE' })])
        }),
    )

    it.each([
      [
        'a function',
        framed(lines(), async (peer) => {
          await peer.write(`${await peer.read()}!`)
          await peer.close()
        }),
      ],
      [
        'callbacks',
        framed(lines(), {
          async message(peer, line) {
            await peer.write(`${line}!`)
            await peer.close()
          },
        }),
      ],
    ])(
      `framed(): %s over ${name} that close the peer drop the rest of the datagram, and get the next one`,
      (_, handler) =>
        serving(transport, handler, async (client, errors) => {
          expect(await ask(client, 'a\nlost\n', 'b\n')).toEqual(['a!', 'b!'])
          expect(errors).toEqual([])
        }),
    )

    const fail: Record<string, (line: string) => void | Promise<void>> = {
      throws() {
        throw new Error('no more')
      },
      rejects: async () => {
        throw new Error('no more')
      },
      'rejects later': async () => {
        await new Promise(setImmediate)
        throw new Error('no more')
      },
    }
    it.each(Object.keys(fail))(
      `framed(): a message over ${name} that %s loses the rest of its datagram: the next sender gets only its own answers`,
      (how) => {
        const handler = framed(lines(), {
          message: (peer, line) => (line === 'bad' ? fail[how]?.(line) : peer.write(`${line}!`)),
        })
        return serving(transport, handler, async (client, errors, server) => {
          const other = await transport.connect(server.address as never)
          await client.write('bad\nsecret\n')
          await until(() => errors.length > 0, 'the failure is reported')
          expect(await ask(other, 'hello\n')).toEqual(['hello!'])
          expect(await ask(client, 'again\n')).toEqual(['again!'])
          await other.close()
          expect(errors).toEqual([expect.objectContaining({ message: 'no more' })])
        })
      },
    )

    it(`framed(): a function over ${name} that reads nothing loses the rest of the datagram, and does not run for ever`, () => {
      let runs = 0
      const handler = framed(lines(), async (peer) => {
        runs += 1
        if (runs !== 2) await peer.write(`${await peer.read()}!`)
      })
      return serving(transport, handler, async (client) => {
        expect(await ask(client, 'a\nlost\nlost\n', 'b\n')).toEqual(['a!', 'b!'])
        expect(runs).toBe(3)
      })
    })
  })
