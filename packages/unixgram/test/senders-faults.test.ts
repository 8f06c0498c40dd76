import { expect, it } from '@jest/globals'
import { itWith } from '@sock/test-support/needs'
import { until } from '@sock/test-support/wait'
import { existsSync, readdirSync } from 'node:fs'
import { engines } from './support/engines.js'
import { ask, useScratch } from './support/scratch.js'

/** Sends the write end of a pipe twenty times, and reports whether another process still has it. */
const PIPE_SENDER = `
import array, select
r, w = os.pipe()
def send():
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [w, w, w]))]
    for _ in range(int(sys.argv[2])): s.sendmsg([b'with descriptors'], rights, 0, sys.argv[1])
    os.close(w)
def held():
    return 'free' if select.select([r], [], [], 5)[0] and os.read(r, 1) == b'' else 'held'
`

for (const { name, options, describe } of engines) {
  describe(`faults of senders${name}`, () => {
    const scratch = useScratch(options.engine)
    /** unix-dgram supports no abstract names, and paths of 107 bytes. */
    const knowsAll = options.engine !== undefined

    /** A server that records each sender and datagram, and the result of its answer. */
    async function serveNoting(): Promise<unknown[][]> {
      const seen: unknown[][] = []
      await scratch.serve(async (channel) => {
        for await (const datagram of channel.datagrams()) {
          const outcome = await datagram.reply(datagram.data).then(
            () => 'sent',
            (error: { code?: string }) => error.code,
          )
          seen.push([String(datagram.data), datagram.remoteAddress?.toString(), outcome])
        }
      })
      return seen
    }

    async function expectServed(): Promise<void> {
      expect(await ask(await scratch.connect(), 'still here?')).toBe('still here?')
    }

    describe('a sender with a name that not every engine can tell', () => {
      itWith(
        'python3',
        'a sender that the kernel has named (autobind, SO_PASSCRED) is answered or has no address (F8)',
        async () => {
          const seen = await serveNoting()
          const python = scratch.python(
            `
s.bind('')
s.sendto(b'autobind', sys.argv[1])
c = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
c.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
c.sendto(b'passcred', sys.argv[1])
for one in (s, c): say(one.getsockname().replace(b'\\0', b'@').decode())
hear()
`,
            scratch.path(),
          )
          const names = [await python.hear(), await python.hear()]
          for (const given of names) expect(given).toMatch(/^@[\da-f]{5}$/)
          await until(() => seen.length === 2, 'both arrive')
          expect(seen).toEqual([
            ['autobind', ...(knowsAll ? [names[0], 'sent'] : [undefined, 'ERR_SOCK_NO_PEER_ADDRESS'])],
            ['passcred', ...(knowsAll ? [names[1], 'sent'] : [undefined, 'ERR_SOCK_NO_PEER_ADDRESS'])],
          ])
          await expectServed()
        },
      )

      itWith(
        'python3',
        'a sender with a name of 108 bytes is answered or refused, and the neighbour with 107 gets nothing (F8)',
        async () => {
          const seen = await serveNoting()
          const python = scratch.python(
            `
import ctypes, select, struct
name = (sys.argv[2] + '/').ljust(108, 'x')
neighbour = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
neighbour.bind(name[:107])
# Python itself allows 107 bytes, as nearly all programs do.
address = struct.pack('H', socket.AF_UNIX) + name.encode()
assert ctypes.CDLL(None).bind(s.fileno(), address, len(address)) == 0
s.sendto(b'whose?', sys.argv[1])
hear()
say(str([one is s for one in select.select([s, neighbour], [], [], 0)[0]]))
for path in (name, name[:107]): os.unlink(path)
say('done')
`,
            scratch.path(),
            scratch.folder,
          )
          await until(() => seen.length === 1, 'it arrives')
          expect(seen[0]?.[2]).toBe(knowsAll ? 'sent' : 'ERR_SOCK_PATH_TOO_LONG')
          python.say('answered')
          expect(await python.hear()).toBe(knowsAll ? '[True]' : '[]')
          expect(await python.hear()).toBe('done')
          await expectServed()
        },
      )

      itWith(
        'python3',
        'a sender without a name, or with an abstract one, is answered if it has an address, and the server goes on (F7)',
        async () => {
          const seen = await serveNoting()
          const python = scratch.python(
            `
s.sendto(b'nameless', sys.argv[1])
a = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
name = 'name' + str(os.getpid())
a.bind('\\0' + name)
a.sendto(b'abstract', sys.argv[1])
say(name)
hear()
`,
            scratch.path(),
          )
          const abstract = await python.hear()
          await until(() => seen.length === 2, 'both arrive')
          expect(seen).toEqual([
            ['nameless', undefined, 'ERR_SOCK_NO_PEER_ADDRESS'],
            ['abstract', ...(knowsAll ? [`@${abstract}`, 'sent'] : [undefined, 'ERR_SOCK_NO_PEER_ADDRESS'])],
          ])
          await expectServed()
        },
      )

      itWith(
        'python3',
        'a sender with a relative name is called by it, also if it looks like an abstract one',
        async () => {
          const seen = await serveNoting()
          const program = `os.chdir(sys.argv[2])\ns.bind('@rel')\ns.sendto(b'', sys.argv[1])\nsay('sent')`
          const python = scratch.python(program, scratch.path(), scratch.folder)
          scratch.own('@rel')
          expect(await python.hear()).toBe('sent')
          await until(() => seen.length === 1, 'it arrives')
          expect(seen[0]?.[1]).toBe('./@rel')
          await expectServed()
        },
      )

      itWith(
        'python3',
        'a sender whose name is not UTF-8 is answered, or the answer rejects, and the server goes on (F8)',
        async () => {
          const seen = await serveNoting()
          const python = scratch.python(
            `
name = sys.argv[2].encode() + b'/\\xff\\xfe'
s.bind(name)
s.sendto(b'x', sys.argv[1])
hear()
os.unlink(name)
say('done')
`,
            scratch.path(),
            scratch.folder,
          )
          await until(() => seen.length === 1, 'it arrives')
          expect(seen[0]?.[2]).toBe(knowsAll ? 'sent' : 'ENOENT')
          python.say('go on')
          expect(await python.hear()).toBe('done')
          await expectServed()
        },
      )
    })

    describe('a sender of an empty datagram', () => {
      it('a sender of an empty datagram is told to the handler with its name (F9)', async () => {
        const seen = await serveNoting()
        const client = await scratch.connect()
        expect(await ask(client, '')).toBe('')
        expect(seen).toEqual([['', String(client.localAddress), 'sent']])
      })
    })

    describe('descriptors that are sent to a server (SCM_RIGHTS)', () => {
      itWith(
        'python3',
        'descriptors that are sent to a server (SCM_RIGHTS) are closed by the kernel with the message that brought them (F11)',
        async () => {
          const { server } = await scratch.serve()
          const before = readdirSync('/proc/self/fd').length
          const python = scratch.python(`${PIPE_SENDER}\nsend()\nsay(held())`, scratch.path(), '20')
          expect(await python.hear()).toBe('free')
          await until(() => server.stats().datagramsReceived === 20, 'they are received')
          await python.kill()
          await until(() => readdirSync('/proc/self/fd').length <= before, 'no descriptor is left')
          await expectServed()
        },
      )

      itWith(
        'python3',
        'descriptors that were sent and not received yet are closed with the server (F11)',
        async () => {
          const { server } = await scratch.serve()
          const mark = scratch.own('sent')
          const program = `${PIPE_SENDER}\nhear()\nsend()\nopen(sys.argv[3], 'w').close()\nsay(held())`
          const python = scratch.python(program, scratch.path(), '5', mark)
          python.say('go')
          // Not one turn of the event loop in which something could be received.
          while (!existsSync(mark));
          const closing = server.close()
          expect(await python.hear()).toBe('free')
          await closing
          await server.listen(scratch.path())
          await expectServed()
        },
      )
    })

    describe('credentials that are sent to a server (SCM_CREDENTIALS)', () => {
      itWith(
        'python3',
        'credentials that are sent to a server (SCM_CREDENTIALS) are left out, and the message is delivered (F12)',
        async () => {
          const { address } = await scratch.serve()
          const python = scratch.python(
            `
import struct
s.bind(sys.argv[2])
credentials = struct.pack('3i', os.getpid(), os.getuid(), os.getgid())
s.sendmsg([b'who am I'], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, credentials)], 0, sys.argv[1])
s.settimeout(5)
say(s.recv(100).decode())
`,
            address.path,
            scratch.own('sender.sock'),
          )
          expect(await python.hear()).toBe('who am I')
          await expectServed()
        },
      )
    })

    describe('a message longer than the buffer', () => {
      // unix-dgram cannot tell a message that just fits from one that was cut.
      const [fits, kept, longest] =
        options.engine === undefined ? [65_535, 65_536, 100_000] : [262_144, 262_144, 300_000]
      const sizes = [fits, kept + 1, longest, 10]
      const expected = [
        [fits, false],
        [kept, true],
        [kept, true],
        [10, false],
      ]
      /** Unlike that of a client, its send buffer has room for the longest message. */
      const SENDER = `
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 400_000)
s.settimeout(5)
s.bind(sys.argv[2])
for size in sys.argv[3:]:
    s.sendto(b'x' * int(size), sys.argv[1])
    say(s.recv(100).decode())
`
      itWith(
        'python3',
        'a message longer than the buffer is cut and marked in each form of handler, and the next one is whole (D3, F10)',
        async () => {
          const seen: unknown[] = []
          const send = async (from: string): Promise<void> => {
            const python = scratch.python(SENDER, scratch.path(), scratch.own(from), ...sizes.map(String))
            for (const _ of sizes) expect(await python.hear()).toBe('x')
          }
          const first = await scratch.serve({
            data: (channel, data, _, cut) => {
              seen.push([data.length, cut])
              return channel.write('x')
            },
          })
          await send('first.sock')
          await first.server.close()
          await scratch.serve(async (channel) => {
            for await (const datagram of channel.datagrams()) {
              seen.push([datagram.data.length, datagram.truncated])
              await datagram.reply('x')
            }
          })
          await send('second.sock')
          expect(seen).toEqual([...expected, ...expected])
        },
      )
    })
  })
}
