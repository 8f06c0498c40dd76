import { describe, expect, it } from '@jest/globals'
import type { Address, DatagramHandler } from '@sock/core'
import { echo } from '@sock/testing'
import { itWith } from '@sock/tools/testing/needs'
import { rejection, until } from '@sock/tools/testing/wait'
import { connectUnixgram } from '../src/index.js'
import { ask, useScratch } from './support/scratch.js'

const scratch = useScratch()

const forms: [string, DatagramHandler][] = [
  ['a loop', echo],
  ['one run per datagram', async (channel) => channel.write((await channel.read()) ?? '')],
  ['callbacks', { data: (channel, data) => channel.write(data) }],
]

describe('createUnixgramServer', () => {
  it.each(forms)(
    'createUnixgramServer() with %s gives each of 50 clients exactly its own replies',
    async (_, handler) => {
      await scratch.serve(handler)
      const talk = async (__: unknown, index: number): Promise<void> => {
        const client = await scratch.connect()
        for (let round = 0; round < 10; round++) {
          const message = `${index}/${round}`
          expect(await ask(client, message)).toBe(message)
        }
      }
      await Promise.all(Array.from({ length: 50 }, talk))
    },
  )

  itWith(
    'python3',
    'createUnixgramServer() gives each of 50 foreign senders exactly its own replies',
    async () => {
      const { address } = await scratch.serve()
      const python = scratch.python(
        `
sockets = []
for n in range(50):
    c = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    c.bind(f'{sys.argv[2]}/{n}')
    c.settimeout(5)
    sockets.append(c)
for round in range(5):
    for n, c in enumerate(sockets): c.sendto(f'{n} {round}'.encode(), sys.argv[1])
    for n, c in enumerate(sockets):
        data, sender = c.recvfrom(100)
        assert (data.decode(), sender) == (f'{n} {round}', sys.argv[1]), (data, sender)
for n in range(50): os.unlink(f'{sys.argv[2]}/{n}')
say('all')
`,
        address.path,
        scratch.folder,
      )
      expect(await python.hear()).toBe('all')
    },
  )

  const COUNT = 2000

  itWith('python3', 'createUnixgramServer() loses nothing of what a fast sender sends (D4)', async () => {
    const got: string[] = []
    const { address, server } = await scratch.serve({ data: (_, data) => void got.push(String(data)) })
    const python = scratch.python(
      `
for n in range(int(sys.argv[2])): s.sendto(str(n).encode(), sys.argv[1])
say('sent')
`,
      address.path,
      String(COUNT),
    )
    await python.hear()
    await until(() => got.length >= COUNT, 'everything arrives')
    expect(got).toEqual(Array.from({ length: COUNT }, (_, n) => String(n)))
    expect(server.stats().datagramsDropped).toEqual({ queueFull: 0, unread: 0, closing: 0, kernel: 0 })
  })

  it('createUnixgramServer() loses nothing of what our own client sends from another process, and keeps its order', async () => {
    const got: string[] = []
    const { address } = await scratch.serve(async (channel) => {
      for await (const data of channel) got.push(String(data))
    })
    const child = scratch.child(
      async ({ connectUnixgram: connect }, path, count) => {
        const client = await connect(path)
        const sending = Array.from({ length: count }, (_, n) => client.write(String(n)))
        await Promise.all(sending)
        await client.close()
        return 'sent'
      },
      address.path,
      COUNT,
    )
    expect(await child.result).toBe('sent')
    await until(() => got.length >= COUNT, 'everything arrives')
    expect(got).toEqual(Array.from({ length: COUNT }, (_, n) => String(n)))
  })

  it('createUnixgramServer() drops and counts what is too much for a slow handler', async () => {
    let go = (): void => undefined
    const gate = new Promise<void>((resolve) => (go = resolve))
    const { server } = await scratch.serve({ data: () => gate }, { maxQueuedBytes: 2000 })
    const client = await scratch.connect()
    for (let n = 0; n < 30; n++) await client.write(Buffer.alloc(872))
    await until(() => server.stats().datagramsReceived === 30, 'everything arrives')
    // One is with the handler, two wait.
    expect(server.stats().datagramsDropped.queueFull).toBe(27)
    go()
  })

  it('createUnixgramServer() delivers empty datagrams with their sender (F9)', async () => {
    const { address } = await scratch.serve(async (channel) => {
      const datagram = await channel.receive()
      await datagram?.reply(`${datagram.data.length} bytes from ${datagram.remoteAddress}`)
    })
    const client = await scratch.connect(address)
    expect(await ask(client, '')).toBe(`0 bytes from ${client.localAddress}`)
  })

  itWith(
    'python3',
    'createUnixgramServer() distinguishes a nameless sender from others, and goes on (F7)',
    async () => {
      const seen: (string | undefined)[] = []
      const { errors, server } = await scratch.serve(async (channel) => {
        for await (const datagram of channel.datagrams()) {
          seen.push(datagram.remoteAddress?.toString())
          await datagram.reply('x').catch((error: { code?: string }) => seen.push(error.code))
        }
      })
      const python = scratch.python(
        `
s.sendto(b'nameless', sys.argv[1])
a = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
a.bind('\\0name' + str(os.getpid()))
a.sendto(b'abstract', sys.argv[1])
say('sent')
`,
        scratch.path(),
      )
      await python.hear()
      await until(() => seen.length === 4, 'both arrive')
      expect(seen).toEqual([undefined, 'ERR_SOCK_NO_PEER_ADDRESS', undefined, 'ERR_SOCK_NO_PEER_ADDRESS'])
      expect(await ask(await scratch.connect(), 'alive')).toBe('x')
      expect([errors, server.state]).toEqual([[], 'listening'])
    },
  )

  itWith(
    'python3',
    'createUnixgramServer() answers a sender with a relative name that looks like an abstract one',
    async () => {
      const seen: unknown[] = []
      await scratch.serve({ data: (_, __, from) => void seen.push(String(from)) })
      const python = scratch.python(
        `
os.chdir(sys.argv[2])
s.bind('@name')
s.sendto(b'x', sys.argv[1])
os.unlink('@name')
say('sent')
`,
        scratch.path(),
        scratch.folder,
      )
      await python.hear()
      await until(() => seen.length === 1, 'it arrives')
      expect(seen).toEqual(['./@name'])
    },
  )

  itWith('python3', 'createUnixgramServer() survives a sender whose name is not UTF-8 (F8)', async () => {
    const errors: unknown[] = []
    await scratch.serve(async (channel) => {
      const data = await channel.read()
      await channel.write(data ?? '').catch((error: { code?: string }) => errors.push(error.code))
    })
    const python = scratch.python(
      `
name = sys.argv[2].encode() + b'/\\xff\\xfe'
s.bind(name)
s.sendto(b'x', sys.argv[1])
os.unlink(name)
say('sent')
`,
      scratch.path(),
      scratch.folder,
    )
    await python.hear()
    await until(() => errors.length === 1, 'it arrives')
    expect(errors).toEqual(['ENOENT'])
    expect(await ask(await scratch.connect(), 'alive')).toBe('alive')
  })

  itWith('python3', 'createUnixgramServer() keeps no descriptor that is sent to it', async () => {
    const { server } = await scratch.serve()
    const python = scratch.python(
      `
import array
for _ in range(20):
    s.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [0, 1]))], 0, sys.argv[1])
say('sent')
`,
      scratch.path(),
    )
    await python.hear()
    await until(() => server.stats().datagramsReceived === 20, 'they arrive')
  })

  it('createUnixgramServer() forgets senders beyond a thousand, and answers all the same', async () => {
    const { address } = await scratch.serve()
    const churn = async (): Promise<void> => {
      for (let n = 0; n < 300; n++) {
        const client = await connectUnixgram(address)
        expect(await ask(client, `${n}`)).toBe(`${n}`)
        await client.close()
      }
    }
    await Promise.all(Array.from({ length: 4 }, churn))
  })

  it('configure gets the descriptor', async () => {
    const descriptors: number[] = []
    const configure = (socket: { readonly fd: number }): void => void descriptors.push(socket.fd)
    await scratch.serve(echo, { configure })
    await scratch.connect(scratch.path(), { configure })
    expect(descriptors).toHaveLength(2)
    expect(descriptors.every((fd) => fd > 2)).toBe(true)
  })

  it('createUnixgramServer() leaves nothing when configure throws', async () => {
    const configure = (): never => {
      throw new Error('no')
    }
    const { server } = scratch.server(echo, { configure })
    await expect(server.listen(scratch.path())).rejects.toThrow('no')
    await scratch.serve(echo, {}, scratch.path())
    await expect(scratch.connect(scratch.path(), { configure })).rejects.toThrow('no')
  })
})

describe('channel.send', () => {
  const addresses: [string, unknown, string][] = [
    ['an IP address', { family: 'ipv4', host: '127.0.0.1', port: 1 }, 'ERR_SOCK_INVALID_ADDRESS'],
    ['an abstract name', { family: 'unix', path: '@name' }, 'ERR_SOCK_UNSUPPORTED'],
    ['a path that is too long', { family: 'unix', path: `/${'x'.repeat(107)}` }, 'ERR_SOCK_PATH_TOO_LONG'],
    ['an empty path', { family: 'unix', path: '' }, 'ERR_SOCK_INVALID_ADDRESS'],
    ['a path with NUL', { family: 'unix', path: '/tmp/a\0b' }, 'ERR_SOCK_INVALID_ADDRESS'],
    ['nobody', { family: 'unix', path: '/nonexistent/socket' }, 'ENOENT'],
  ]

  it.each(addresses)('channel.send() to %s rejects, and the channel stays open', async (_, address, code) => {
    const errors: unknown[] = []
    await scratch.serve(async (channel) => {
      const data = await channel.read()
      await channel.send('x', address as Address).catch((error: { code?: string }) => errors.push(error.code))
      await channel.write(data ?? '')
    })
    const client = await scratch.connect()
    expect(await rejection(client.send('x', address as Address))).toMatchObject({ code })
    expect(await ask(client, 'alive')).toBe('alive')
    expect(errors).toEqual([code])
  })

  it('channel.send() of a client goes to the server by its address too', async () => {
    const { address } = await scratch.serve()
    const client = await scratch.connect()
    await client.send('x', address)
    expect(String(await client.read())).toBe('x')
  })

  it('channel.send() of a client goes to others, whose answers the kernel refuses (F6)', async () => {
    const refused: unknown[] = []
    await scratch.serve()
    const { address } = await scratch.serve(
      async (channel) => {
        await channel.read()
        await channel.write('psst').catch((error: { code?: string }) => refused.push(error.code))
      },
      {},
      scratch.path('other.sock'),
    )
    const client = await scratch.connect()
    await client.send('x', address)
    await until(() => refused.length > 0, 'the other one answers')
    expect(refused).toEqual(['EPERM'])
    expect(await ask(client, 'mine')).toBe('mine')
  })
})

describe('a message of (D2, F2)', () => {
  const sizes: [number, number, boolean][] = [
    [65_535, 65_535, false],
    [65_536, 65_536, true],
    [70_000, 65_536, true],
    [212_960, 65_536, true],
  ]

  it.each(sizes)('%i bytes arrives with %i, truncated: %s', async (size, length, truncated) => {
    const seen: unknown[] = []
    await scratch.serve({ data: (_, data, __, cut) => void seen.push([data.length, data.at(-1), cut]) })
    const message = Buffer.alloc(size, 7)
    await (await scratch.connect()).write(message)
    await until(() => seen.length === 1, 'it arrives')
    expect(seen).toEqual([[length, 7, truncated]])
  })

  it.each([212_961, 300_000, 4 * 1024 * 1024 + 1])('%i bytes is refused', async (size) => {
    await scratch.serve()
    const client = await scratch.connect()
    expect(await rejection(client.write(Buffer.alloc(size)))).toMatchObject({
      code: 'ERR_SOCK_MESSAGE_TOO_LARGE',
    })
    expect(await ask(client, 'alive')).toBe('alive')
  })
})
