import { expect, it } from '@jest/globals'
import type { DatagramChannel } from '@sock/core'
import { createEngine, engine } from '@sock/native'
import { echo } from '@sock/testing'
import { itWith, itWithStrace } from '@sock/test-support/needs'
import { rejection, until } from '@sock/test-support/wait'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { connectUnixgram } from '../src/index.js'
import { describeNative as describe } from './support/engines.js'
import { runProgram } from './support/program.js'
import { ask, useScratch } from './support/scratch.js'

const scratch = useScratch(engine)

/** In a process of its own, since another test of this one may have loaded unix-dgram. */
const ALONE = `
  import { engine } from '@sock/native'
  import { connectUnixgram, createUnixgramServer } from '${new URL('../dist/index.js', import.meta.url).href}'
  const server = createUnixgramServer({ data: (channel, data) => channel.write(data) }, { engine })
  const client = await connectUnixgram(await server.listen(process.argv[1]), { engine })
  await client.write('x')
  const answer = String(await client.read())
  await client.close()
  await server.shutdown()
  const loaded = process.report.getReport().sharedObjects.filter((name) => name.endsWith('.node'))
  console.log(JSON.stringify([answer, loaded.map((name) => name.replace(/.*[/]/, ''))]))
`

describe('servers and clients with the native engine', () => {
  it('servers and clients with the native engine do without unix-dgram', () => {
    const args = ['--input-type=module', '-e', ALONE, scratch.path()]
    const output = execFileSync(process.execPath, args, { cwd: import.meta.dirname, encoding: 'utf8' })
    expect(JSON.parse(output)).toEqual(['x', ['sock_native.node']])
  })

  it('servers and clients with the native engine work in a worker thread, on paths and abstract names', async () => {
    const program = `
      import { parentPort, workerData } from 'node:worker_threads'
      import { engine } from '${import.meta.resolve('@sock/native')}'
      import { connectUnixgram, createUnixgramServer } from '${new URL('../dist/index.js', import.meta.url).href}'
      const answers = []
      for (const target of workerData) {
        const server = createUnixgramServer({ data: (channel, data) => channel.write(data) }, { engine })
        const client = await connectUnixgram(await server.listen(target), { engine })
        await client.write('x')
        answers.push(String(await client.read()))
        await client.close()
        await server.shutdown()
      }
      parentPort.postMessage(answers)`
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`), {
      workerData: [{ path: scratch.path(), mode: 0o620 }, `@sock-${process.pid}-worker`],
    })
    const exited = once(worker, 'exit')
    const [answers] = (await once(worker, 'message')) as [unknown]
    expect(answers).toEqual(['x', 'x'])
    await exited
  })

  it('servers with the native engine receive 212,960 bytes, all that a send buffer holds by default', async () => {
    const sizes: unknown[] = []
    await scratch.serve({ data: (_, data, __, truncated) => void sizes.push(data.length, truncated) })
    const client = await scratch.connect()
    for (const size of [212_960, 0, 65_537]) await client.write(Buffer.alloc(size))
    await until(() => sizes.length === 6, 'they arrive')
    expect(sizes).toEqual([212_960, false, 0, false, 65_537, false])
  })
})

describe('abstract names with the native engine', () => {
  const name = `@sock-${process.pid}-${Math.random()}`

  it('abstract names with the native engine are bound and dialled, without a file (E12)', async () => {
    const { address } = await scratch.serve(echo, {}, name)
    expect(String(address)).toBe(name)
    expect(await ask(await scratch.connect(name), 'x')).toBe('x')
    const second = scratch.server()
    expect(await rejection(second.server.listen(name))).toMatchObject({ code: 'EADDRINUSE', syscall: 'bind' })
  })

  itWith(
    'python3',
    'abstract names with the native engine are as long as they are written: other programs find them, and are answered',
    async () => {
      const froms: unknown[] = []
      const handler = (channel: DatagramChannel, data: Buffer, from: unknown): Promise<void> => {
        froms.push(String(from))
        return channel.write(data)
      }
      await scratch.serve({ data: handler }, {}, name)
      const python = scratch.python(
        `
s.bind('\\0' + sys.argv[2])
s.settimeout(5)
s.sendto(b'exact', '\\0' + sys.argv[1][1:])
say(s.recv(100).decode())
`,
        name,
        `${name.slice(1)}-peer`,
      )
      expect(await python.hear()).toBe('exact')
      expect(froms).toEqual([`${name}-peer`])
    },
  )
})

describe('receivers with the native engine', () => {
  itWith(
    'python3',
    'a receiver that did not read gets everything from the native engine in order when it does',
    async () => {
      // More than fit their queue, and all in one batch.
      await scratch.serve({
        data(channel, _, from) {
          for (let index = 0; index < 40; index++) void channel.send(`${index}`, from!)
        },
      })
      const python = scratch.python(
        `
s.bind(sys.argv[2])
s.sendto(b'go', sys.argv[1])
hear()
s.settimeout(5)
say(' '.join(s.recv(100).decode() for _ in range(40)))
`,
        scratch.path(),
        scratch.own('slow.sock'),
      )
      python.say('now')
      expect(await python.hear()).toBe(Array.from({ length: 40 }, (_, index) => index).join(' '))
    },
  )

  it('with the native engine, a send to a receiver that is gone rejects, and others in the same batch are sent', async () => {
    const outcomes: unknown[] = []
    const known = new Map<string, unknown>()
    await scratch.serve({
      data(channel, data, from) {
        known.set(String(data), from)
        if (String(data) !== 'go') return
        for (const to of [...known.values(), ...known.values()] as never[]) {
          channel.send('answer', to).then(
            () => outcomes.push('sent'),
            (error: { code?: string }) => outcomes.push(error.code),
          )
        }
      },
    })
    const gone = await scratch.connect()
    await gone.write('gone')
    await until(() => known.size === 1, 'it arrives')
    await gone.close()
    const here = await scratch.connect()
    await here.write('go')
    expect(String(await here.read())).toBe('answer')
    expect(String(await here.read())).toBe('answer')
    await until(() => outcomes.length === 4, 'all are told')
    for (const outcome of ['ENOENT', 'sent'])
      expect(outcomes.filter((other) => other === outcome)).toHaveLength(2)
  })
})

describe('createEngine({ credentials: true })', () => {
  const telling = createEngine({ credentials: true })

  itWith(
    'python3',
    'an engine with credentials gives callbacks and functions the credentials of the sender',
    async () => {
      const seen: unknown[] = []
      await scratch.serve(
        { data: ({ peerCredentials }) => void seen.push(peerCredentials) },
        { engine: telling },
      )
      const loop = scratch.path('loop.sock')
      await scratch.serve(
        async (channel) => {
          for await (const { peerCredentials } of channel.datagrams())
            seen.push(peerCredentials, channel.peerCredentials)
        },
        { engine: telling },
        loop,
      )
      const python = scratch.python(
        `
for path in (sys.argv[1], sys.argv[2]): s.sendto(b'who am I', path)
say(os.getpid())
`,
        scratch.path(),
        loop,
      )
      const pid = Number(await python.hear())
      const expected = { pid, uid: process.getuid?.(), gid: process.getgid?.() }
      await until(() => seen.length === 3, 'both arrive')
      expect(seen).toEqual([expected, expected, expected])
    },
  )

  itWith(
    'python3',
    'an engine with credentials distinguishes processes, and keeps no file descriptor that one has sent',
    async () => {
      const seen = new Map<string, number | undefined>()
      await scratch.serve(
        { data: ({ peerCredentials }, data) => void seen.set(String(data), peerCredentials?.pid) },
        { engine: telling },
      )
      const before = readdirSync('/proc/self/fd').length
      const program = `
import array
rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [0, 1, 2]))]
for count in range(5): s.sendmsg([b'%d %d' % (os.getpid(), count)], rights, 0, sys.argv[1])
say(os.getpid())
hear()
`
      const pythons = [0, 1].map(() => scratch.python(program, scratch.path()))
      for (const python of pythons) {
        const pid = Number(await python.hear())
        await until(() => seen.has(`${pid} 4`), 'all arrive')
        expect([...seen].filter(([text]) => text.startsWith(`${pid} `)).map(([, from]) => from)).toEqual(
          Array.from({ length: 5 }, () => pid),
        )
      }
      for (const python of pythons) await python.kill()
      await until(() => readdirSync('/proc/self/fd').length <= before, 'no descriptor is left')
    },
  )

  it('an engine without credentials has no peerCredentials', async () => {
    const seen: unknown[] = []
    await scratch.serve({ data: ({ peerCredentials }) => void seen.push(peerCredentials) })
    const client = await scratch.connect()
    await client.write('x')
    await until(() => seen.length === 1, 'it arrives')
    expect(seen).toEqual([undefined])
  })
})

describe('createEngine({ autobind: true })', () => {
  const autobind = createEngine({ autobind: true })

  it('an engine with autobind lets the system name clients, which need no file, and are answered', async () => {
    await scratch.serve()
    const client = await connectUnixgram(scratch.path(), { engine: autobind })
    scratch.later(() => client.close())
    expect(String(client.localAddress)).toMatch(/^@[0-9a-f]{5}$/)
    expect(await ask(client, 'x')).toBe('x')
  })

  it('an engine with autobind has clients that only their server can send to, also after a restart', async () => {
    const { server, address } = await scratch.serve()
    const client = await connectUnixgram(scratch.path(), { engine: autobind })
    scratch.later(() => client.close())
    const foreign = await scratch.serve(echo, {}, scratch.path('foreign.sock'))
    const reach = (): Promise<unknown> =>
      new Promise((resolve) => {
        const port = engine.openUnixgram()
        scratch.later(() => port.close())
        port.start({ received() {}, failed() {}, closed() {} })
        port.send(Buffer.from('x'), client.localAddress, { done: resolve })
      })
    expect(await reach()).toMatchObject({ code: 'EPERM' })
    await server.close()
    expect(await rejection(client.write('nobody'))).toMatchObject({ code: 'ECONNREFUSED' })
    expect(await reach()).toMatchObject({ code: 'EPERM' })
    await server.listen(address)
    expect(await ask(client, 'again')).toBe('again')
    expect(foreign.errors).toEqual([])
  })
})

/** Servers that send `answer` on request. The client returns the order of arrival. */
const TALK = `
  const ask = async (answer, count) => {
    const server = unixgram.createUnixgramServer({ data: answer }, options)
    await server.listen(args[0])
    const client = await unixgram.connectUnixgram(args[0], options)
    await client.write('go')
    const heard = []
    while (heard.length < count) heard.push((await client.read()).readUInt32BE())
    await client.close()
    await server.shutdown()
    return heard
  }
  const numbered = (number, length = 4) => {
    const message = Buffer.alloc(length)
    message.writeUInt32BE(number)
    return message
  }
`

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/** The gathered datagrams find no room, but later ones do. */
const inject = 'sendmmsg:error=EAGAIN:when=1'

describe('answers to one receiver that had no room', () => {
  itWithStrace('answers to one receiver that had no room are not overtaken by a longer one', async () => {
    const program = `${TALK} done(await ask((channel) => {
      for (let n = 0; n < 8; n++) void channel.write(numbered(n, n % 4 === 3 ? 3_000 : 64))
    }, 8))`
    expect(await runProgram(program, [scratch.path()], { engine, inject })).toEqual(upTo(8))
  })

  itWithStrace(
    'answers to one receiver that had no room are not overtaken by the one that no longer fits the batch',
    async () => {
      const program = `${TALK} done(await ask((channel) => {
      for (let n = 0; n < 260; n++) void channel.write(numbered(n))
    }, 260))`
      expect(await runProgram(program, [scratch.path()], { engine, inject })).toEqual(upTo(260))
    },
  )

  itWithStrace(
    'answers to one receiver that had no room are not overtaken by one that follows after a millisecond',
    async () => {
      const program = `${TALK} done(await ask((channel) => {
      for (let n = 0; n < 7; n++) void channel.write(numbered(n))
      for (const end = performance.now() + 2; performance.now() < end;);
      for (let n = 7; n < 9; n++) void channel.write(numbered(n))
    }, 9))`
      expect(await runProgram(program, [scratch.path()], { engine, inject })).toEqual(upTo(9))
    },
  )

  itWithStrace(
    'answers to one receiver that had no room are not overtaken by one behind what another socket sends',
    async () => {
      const program = `${TALK}
    let across
    const second = unixgram.createUnixgramServer({ open: (channel) => void (across = channel) }, options)
    await second.listen(args[0] + '.second')
    const heard = await ask((channel, _, from) => {
      void channel.write(numbered(0))
      void across.send(numbered(1), from).catch(() => undefined)
      void channel.write(numbered(2))
    }, 2)
    await second.shutdown()
    done(heard)`
      // A client receives from its server only.
      expect(await runProgram(program, [scratch.path()], { engine, inject })).toEqual([0, 2])
    },
  )
})
