import { expect, it } from '@jest/globals'
import { echo } from '@sock/testing'
import { describeUnixDgram as describe, itAsRoot, itWith, NOBODY } from '@sock/test-support/needs'
import { rejection } from '@sock/test-support/wait'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import type { Child } from './support/child.js'
import { engines } from './support/engines.js'
import { ask, leaveDeadSocket, useScratch } from './support/scratch.js'

for (const { name, options, describe: describeEngine } of engines) {
  describeEngine(`faults of socket files${name}`, () => {
    const scratch = useScratch(options.engine)

    async function expectServed(): Promise<void> {
      expect(await ask(await scratch.connect(), 'still here?')).toBe('still here?')
    }

    /** Checks that a server cannot listen there, and can listen at another path after that. */
    async function expectRefused(code: string): Promise<void> {
      const { server } = scratch.server()
      expect(await rejection(server.listen(scratch.path()))).toMatchObject({ code })
      expect([server.state, server.address]).toEqual(['idle', undefined])
      await server.listen(scratch.path('elsewhere.sock'))
      const client = await scratch.connect(scratch.path('elsewhere.sock'))
      expect(await ask(client, 'still here?')).toBe('still here?')
      await server.close()
    }

    describe('listen where there is', () => {
      it('listen() at a FIFO rejects, and leaves it (E4)', async () => {
        expect(spawnSync('mkfifo', [scratch.own()]).status).toBe(0)
        await expectRefused('ERR_SOCK_PATH_NOT_SOCKET')
        expect(lstatSync(scratch.path()).isFIFO()).toBe(true)
      })

      it('listen() at a symlink to a live server rejects, and the server does not notice (E5)', async () => {
        const { server } = await scratch.serve(undefined, {}, scratch.path('live.sock'))
        symlinkSync(scratch.path('live.sock'), scratch.own())
        await expectRefused('ERR_SOCK_PATH_NOT_SOCKET')
        expect(lstatSync(scratch.path()).isSymbolicLink()).toBe(true)
        expect(server.stats().datagramsReceived).toBe(0)
        // A client may connect through it.
        await expectServed()
      })

      itWith(
        'python3',
        'listen() at a live socket that does not read, its queue full, rejects (E2)',
        async () => {
          const receiver = await scratch.receiver('app.sock')
          const python = scratch.python(
            `
s.setblocking(False)
try:
    while True: s.sendto(b'x', sys.argv[1])
except BlockingIOError: say('full')
`,
            scratch.path(),
          )
          expect(await python.hear()).toBe('full')
          await receiver.stop()
          await expectRefused('ERR_SOCK_PATH_IN_USE')
          receiver.signal('SIGCONT')
          receiver.say(1)
          expect(await receiver.hear()).toBe('x')
        },
      )

      it('listen() with a file in the place of the folder rejects (E9)', async () => {
        writeFileSync(scratch.own('folder'), 'mine')
        const { server } = scratch.server()
        expect(await rejection(server.listen(scratch.path('folder/app.sock')))).toMatchObject({
          code: 'ENOTDIR',
        })
        await scratch.serve()
        await expectServed()
      })

      itAsRoot(
        'listen() in a folder in which the user may not write rejects with EACCES, and leaves nothing (E9)',
        async () => {
          const child = scratch.child(
            async ({ become, createUnixgramServer, fs, options: engine }, folder, uid) => {
              fs.mkdirSync(`${folder}/closed`)
              fs.chmodSync(`${folder}/closed`, 0o755)
              fs.mkdirSync(`${folder}/own`)
              fs.chownSync(`${folder}/own`, uid, uid)
              const server = createUnixgramServer({ open: () => undefined }, engine)
              become(uid)
              const code = await server
                .listen(`${folder}/closed/app.sock`)
                .catch((error: NodeJS.ErrnoException) => error.code)
              const { state } = server
              await server.listen(`${folder}/own/app.sock`)
              await server.close()
              return [code, state, fs.readdirSync(`${folder}/closed`), fs.readdirSync(`${folder}/own`)]
            },
            scratch.folder,
            NOBODY,
          )
          scratch.own('closed')
          scratch.own('own')
          expect(await child.result).toEqual(['EACCES', 'idle', [], []])
        },
      )
    })

    describe('a socket file that is deleted while its server listens', () => {
      it('a socket file that is deleted while its server listens fails new clients only; shutdown() accepts that, and listen() makes it anew (E7)', async () => {
        const { server, errors } = await scratch.serve()
        const client = await scratch.connect()
        rmSync(scratch.path())
        expect(await ask(client, 'old')).toBe('old')
        expect(await rejection(scratch.connect())).toMatchObject({ code: 'ENOENT' })
        await server.shutdown()
        expect([errors, scratch.names()]).toEqual([[], []])
        await server.listen(scratch.path())
        expect(await ask(client, 'old')).toBe('old')
        await expectServed()
      })

      it('a socket file that is deleted while its server listens leaves its place to a successor, whose file stays when the first one closes (E6)', async () => {
        const first = await scratch.serve()
        rmSync(scratch.path())
        await scratch.serve()
        await first.server.close()
        expect(scratch.names()).toEqual(['app.sock'])
        await expectServed()
      })
    })

    describe('a server of mode 0600 that comes and goes', () => {
      itAsRoot(
        'a server of mode 0600 never lets in another user that hammers at it in the folder of that user (E10)',
        async () => {
          // The folder belongs to the other user, who may create files there, and still cannot connect.
          const place = scratch.own('place')
          mkdirSync(place)
          chownSync(place, NOBODY, NOBODY)
          chmodSync(place, 0o755)
          const path = scratch.path('place/app.sock')
          let received = 0
          const { server } = scratch.server({
            data(channel, data) {
              if (String(data) === 'intruder') received += 1
              return channel.write(data)
            },
          })
          const attacker = scratch.python(
            `
import errno, select
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
s.setblocking(False)
counts = {}
say('ready')
while not select.select([sys.stdin], [], [], 0)[0]:
    for _ in range(50):
        try:
            s.sendto(b'intruder', sys.argv[1])
            name = 'sent'
        except OSError as error: name = errno.errorcode[error.errno]
        counts[name] = counts.get(name, 0) + 1
say('%d %d' % (counts.get('sent', 0), counts.get('EACCES', 0)))
`,
            path,
            String(NOBODY),
          )
          expect(await attacker.hear()).toBe('ready')
          for (let run = 0; run < 200; run++) {
            await server.listen(path)
            await new Promise(setImmediate)
            await server.close()
          }
          attacker.say('stop')
          const [sent, refused] = (await attacker.hear()).split(' ').map(Number)
          expect([sent, received]).toEqual([0, 0])
          expect(refused).toBeGreaterThan(0)
          await server.listen(path)
          expect(await ask(await scratch.connect(path), 'still here?')).toBe('still here?')
        },
      )
    })
  })
}

const scratch = useScratch()

describe('listen on a path where there is (D8)', () => {
  async function refused(code: string): Promise<void> {
    const { server } = scratch.server()
    await expect(server.listen(scratch.path())).rejects.toMatchObject({ code })
    expect(server.state).toBe('idle')
  }

  it('listen() at a regular file rejects, and leaves it (E4)', async () => {
    writeFileSync(scratch.own(), 'mine')
    await refused('ERR_SOCK_PATH_NOT_SOCKET')
    expect(readFileSync(scratch.path(), 'utf8')).toBe('mine')
  })

  it('listen() at a folder rejects, and leaves it (E4)', async () => {
    mkdirSync(scratch.own())
    await refused('ERR_SOCK_PATH_NOT_SOCKET')
    expect(statSync(scratch.path()).isDirectory()).toBe(true)
  })

  it.each(['nothing', 'a dead socket', 'a file'])(
    'listen() at a symlink to %s rejects, and leaves both (E5)',
    async (what) => {
      const target = scratch.own('target')
      if (what === 'a dead socket') await leaveDeadSocket(target)
      if (what === 'a file') writeFileSync(target, 'mine')
      symlinkSync(target, scratch.own())
      const names = scratch.names()
      await refused('ERR_SOCK_PATH_NOT_SOCKET')
      expect(scratch.names()).toEqual(names)
    },
  )

  it('listen() at the socket of a live server rejects, and does not disturb it (E2)', async () => {
    const { server } = await scratch.serve()
    await refused('ERR_SOCK_PATH_IN_USE')
    expect(await ask(await scratch.connect(), 'alive')).toBe('alive')
    expect(server.stats().datagramsReceived).toBe(1)
  })

  itWith(
    'python3',
    'listen() at a live datagram socket of another program rejects, and does not disturb it (E2)',
    async () => {
      const receiver = await scratch.receiver('app.sock')
      await refused('ERR_SOCK_PATH_IN_USE')
      await (await scratch.connect()).write('first')
      receiver.say(1)
      expect(await receiver.hear()).toBe('first')
    },
  )

  it('listen() at a live stream socket rejects, and its owner does not notice', async () => {
    await scratch.listenStream(scratch.path())
    await refused('ERR_SOCK_PATH_IN_USE')
  })

  it('listen() at a dead socket replaces it, with the mode of the target (E1)', async () => {
    await leaveDeadSocket(scratch.path())
    await scratch.serve(echo, {}, { path: scratch.path(), mode: 0o640 })
    expect(statSync(scratch.path()).mode & 0o7777).toBe(0o640)
    expect(scratch.names()).toEqual(['app.sock'])
    expect(await ask(await scratch.connect(), 'alive')).toBe('alive')
  })

  it('listen() at the socket of a killed server replaces it (E1)', async () => {
    const victim = scratch.child(async ({ createUnixgramServer, say, hear }, path) => {
      await createUnixgramServer({ open: () => undefined }).listen(path)
      say('ready')
      await hear()
    }, scratch.path())
    await victim.hear()
    await victim.kill()
    await scratch.serve()
    expect(await ask(await scratch.connect(), 'alive')).toBe('alive')
  })

  it('listen() where there is no folder rejects with ENOENT (E9)', async () => {
    const { server } = scratch.server()
    await expect(server.listen(scratch.path('none/app.sock'))).rejects.toMatchObject({
      code: 'ENOENT',
      syscall: 'bind',
    })
  })

  it('listen() at a dead socket with a new claim rejects, since another process may be replacing it', async () => {
    await leaveDeadSocket(scratch.own())
    linkSync(scratch.path(), scratch.own(`.app.sock.${lstatSync(scratch.path()).ino}.dead`))
    await refused('ERR_SOCK_PATH_IN_USE')
  })
})

describe('several servers at a dead socket', () => {
  it.each([2, 5, 20])(
    'exactly one of %i servers in one process replaces a dead socket (E3)',
    async (count) => {
      for (let round = 0; round < 20; round++) {
        await leaveDeadSocket(scratch.path())
        const servers = Array.from({ length: count }, () => scratch.server().server)
        const results = await Promise.allSettled(servers.map((server) => server.listen(scratch.path())))
        expectOneWinner(
          results.map((result) => (result.status === 'fulfilled' ? 'won' : String(result.reason.code))),
        )
        await Promise.all(servers.map((server) => server.close()))
        expect(scratch.names()).toEqual([])
      }
    },
  )

  it.each([2, 5])('exactly one of %i processes replaces a dead socket (E3)', async (count) => {
    const racers = Array.from({ length: count }, () => startRacer())
    await Promise.all(racers.map((racer) => racer.hear()))
    for (let round = 0; round < 30; round++) {
      await leaveDeadSocket(scratch.path())
      const start = Date.now() + 5
      for (const racer of racers) racer.say(start)
      expectOneWinner(await Promise.all(racers.map((racer) => racer.hear<string>())))
      expect(await ask(await scratch.connect(), 'alive')).toBe('alive')
      for (const racer of racers) racer.say('close')
      await Promise.all(racers.map((racer) => racer.hear()))
      expect(scratch.names()).toEqual([])
    }
  })

  function expectOneWinner(results: string[]): void {
    expect(results.toSorted()).toEqual([...results.slice(1).map(() => 'ERR_SOCK_PATH_IN_USE'), 'won'])
  }

  /** A process that listens on request, and reports the result. */
  function startRacer(): Child<never> {
    return scratch.child(async ({ createUnixgramServer, say, hear, until }, path) => {
      const server = createUnixgramServer({ data: (channel, data) => channel.write(data) })
      say('ready')
      for (;;) {
        const start = Number(await hear())
        await until(() => Date.now() >= start)
        const outcome = server.listen(path).then(
          () => 'won',
          (error: { code?: string }) => error.code,
        )
        say(await outcome)
        await hear()
        await server.close()
        say('closed')
      }
    }, scratch.path())
  }
})

describe('the socket file at the end', () => {
  it.each(['close', 'shutdown'] as const)('the socket file is removed by %s()', async (end) => {
    const { server } = await scratch.serve()
    await server[end]()
    expect(scratch.names()).toEqual([])
  })

  it('close() leaves a socket file that has come to the place of its own (E6)', async () => {
    const first = await scratch.serve()
    renameSync(scratch.path(), scratch.path('old.sock'))
    const second = await scratch.serve()
    await first.server.close()
    expect(scratch.names()).toEqual(['app.sock', 'old.sock'])
    expect(await ask(await scratch.connect(), 'second')).toBe('second')
    await second.server.close()
    rmSync(scratch.path('old.sock'))
  })

  it('close() leaves the file of another program at its path, and its own may be gone (E6)', async () => {
    const { server } = await scratch.serve()
    rmSync(scratch.path())
    await server.close()
    await server.listen(scratch.path())
    rmSync(scratch.path())
    writeFileSync(scratch.own(), 'mine')
    await server.close()
    expect(readFileSync(scratch.path(), 'utf8')).toBe('mine')
  })

  it('a server that listens 50 times has one socket file each time, and leaves none', async () => {
    const { server } = scratch.server()
    for (let run = 0; run < 50; run++) {
      await server.listen(scratch.path())
      expect(scratch.names()).toEqual(['app.sock'])
      const client = await scratch.connect()
      expect(await ask(client, `${run}`)).toBe(`${run}`)
      await client.close()
      await (run % 2 === 0 ? server.close() : server.shutdown())
      expect(scratch.names()).toEqual([])
    }
  })

  itAsRoot(
    'shutdown() reports a socket file that the process may not remove any more, and the server closes',
    async () => {
      const child = scratch.child(
        async ({ createUnixgramServer, become }, path, uid) => {
          const errors: unknown[] = []
          const server = createUnixgramServer({ open: () => undefined })
          server.on('error', (error) => errors.push((error as NodeJS.ErrnoException).code))
          await server.listen(path)
          become(uid)
          await server.shutdown()
          return [errors, server.state]
        },
        scratch.own(),
        NOBODY,
      )
      expect(await child.result).toEqual([['EACCES'], 'closed'])
    },
  )
})

describe('a relative path', () => {
  it('a relative path is bound as an absolute one, so that replies and close() find it after chdir (E8)', async () => {
    const child = scratch.child(async ({ createUnixgramServer, connectUnixgram, fs }, folder) => {
      process.chdir(folder)
      const server = createUnixgramServer({ data: (channel, data) => channel.write(data) })
      const address = await server.listen('app.sock')
      const client = await connectUnixgram('app.sock')
      process.chdir('/')
      await client.write('x')
      const answer = String(await client.read())
      const from = String(client.remoteAddress)
      await server.close()
      await server.listen(address)
      await client.write('y')
      const second = String(await client.read())
      await client.close()
      await server.close()
      return [String(address), answer, from, second, fs.readdirSync(folder)]
    }, scratch.folder)
    const path = scratch.path()
    expect(await child.result).toEqual([path, 'x', path, 'y', []])
  })

  it('a relative path is bound as it is where the absolute one is too long (E8)', async () => {
    const child = scratch.child(async ({ createUnixgramServer, connectUnixgram, fs }, folder) => {
      const deep = `${folder}/${'d'.repeat(100)}`
      fs.mkdirSync(deep)
      process.chdir(deep)
      const server = createUnixgramServer({ data: (channel, data) => channel.write(data) })
      const address = await server.listen('app.sock')
      const client = await connectUnixgram('app.sock')
      await client.write('x')
      const answer = String(await client.read())
      await client.close()
      process.chdir('/')
      await server.close()
      const names = fs.readdirSync(deep)
      fs.rmdirSync(deep)
      return [String(address), answer, names]
    }, scratch.folder)
    expect(await child.result).toEqual(['app.sock', 'x', []])
  })
})

describe('listen and connectUnixgram', () => {
  const targets: [unknown, string][] = [
    ['@name', 'ERR_SOCK_UNSUPPORTED'],
    [{ path: '@name' }, 'ERR_SOCK_UNSUPPORTED'],
    ['', 'ERR_SOCK_INVALID_ADDRESS'],
    [`/tmp/${'x'.repeat(103)}`, 'ERR_SOCK_PATH_TOO_LONG'],
    ['/tmp/a\0b', 'ERR_SOCK_INVALID_ADDRESS'],
    [{ family: 'ipv4', host: '127.0.0.1', port: 1 }, 'ERR_SOCK_INVALID_ADDRESS'],
  ]

  it.each(targets)(
    'listen() and connectUnixgram() reject the target %j with %s (E8, E12)',
    async (target, code) => {
      await expect(scratch.server().server.listen(target as string)).rejects.toMatchObject({ code })
      await expect(scratch.connect(target as string)).rejects.toMatchObject({ code })
    },
  )
})
