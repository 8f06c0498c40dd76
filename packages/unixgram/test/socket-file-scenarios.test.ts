import { describe, expect, it } from '@jest/globals'
import { echo } from '@sock/testing'
import { NOBODY, itAsRoot, itWith } from '@sock/tools/testing/needs'
import { describePermissions, permissions } from '@sock/tools/testing/permission-cases'
import { rejection } from '@sock/tools/testing/wait'
import {
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
import type { UnixgramPort, UnixgramSocket } from '../src/index.js'
import { openUnixDgram } from '../src/lib/unix-dgram-port.js'
import type { Child } from './support/child.js'
import { engines } from './support/engines.js'
import { ask, leaveDeadSocket, useScratch } from './support/scratch.js'

const scratch = useScratch()

const itOnLinux = process.platform === 'linux' ? it : it.skip

describePermissions({
  scratch,
  transport: 'Unixgram',
  entry: new URL('../dist/index.js', import.meta.url),
  listen: (target) => scratch.serve(echo, {}, target),
})

for (const { name, options, describe: describeEngine } of engines) {
  describeEngine(`the mode of a file${name}`, () => {
    itOnLinux(
      'the mode of a socket file is there from the first moment, and the umask stays as it is meanwhile',
      async () => {
        const seen: number[] = []
        const openUnixgram = (): UnixgramPort<UnixgramSocket> => {
          const port = options.engine?.openUnixgram() ?? openUnixDgram()
          const bind = port.bind.bind(port)
          port.bind = (path) => {
            bind(path)
            seen.push(permissions(path), process.umask(0))
          }
          return port
        }
        const before = process.umask(0)
        try {
          const engine = { name: 'watched', openUnixgram }
          await scratch.serve(echo, { engine }, { path: scratch.path(), mode: 0o620 })
          await scratch.serve(echo, { engine }, { path: scratch.path('open.sock'), mode: 0o666 })
        } finally {
          process.umask(before)
        }
        expect(seen).toEqual([0o620, 0, 0o666, 0])
      },
    )
  })
}

describe('UnixTarget uid and gid', () => {
  itAsRoot('listen() with a uid lets a client of that user in, and it gets its answer', async () => {
    await scratch.serve(echo, {}, { path: scratch.path(), uid: NOBODY })
    const child = scratch.child(
      async ({ become, connectUnixgram, fs }, path, uid, folder) => {
        const home = `${folder}/home`
        fs.mkdirSync(home)
        fs.chownSync(home, uid, uid)
        process.env['TMPDIR'] = home
        become(uid)
        const client = await connectUnixgram(path)
        await client.write('mine')
        const answer = String(await client.read())
        await client.close()
        return [answer, fs.readdirSync(home)]
      },
      scratch.path(),
      NOBODY,
      scratch.folder,
    )
    scratch.own('home')
    expect(await child.result).toEqual(['mine', []])
  })

  itAsRoot('connectUnixgram() rejects with EACCES where the socket file is closed to the user', async () => {
    await scratch.serve()
    const child = scratch.child(
      async ({ become, connectUnixgram }, path, uid) => {
        process.env['TMPDIR'] = '/tmp'
        become(uid)
        await connectUnixgram(path)
      },
      scratch.path(),
      NOBODY,
    )
    expect(await rejection(child.result)).toMatchObject({ code: 'EACCES' })
  })

  itAsRoot('a client of root is answered by a server of any user', async () => {
    const child = scratch.child(
      async ({ become, createUnixgramServer, say, hear, fs }, folder, uid) => {
        fs.mkdirSync(`${folder}/place`)
        fs.chownSync(`${folder}/place`, uid, uid)
        become(uid)
        const server = createUnixgramServer({ data: (channel, data) => channel.write(data) })
        await server.listen(`${folder}/place/app.sock`)
        say('ready')
        await hear()
        await server.close()
      },
      scratch.folder,
      NOBODY,
    )
    scratch.own('place')
    await child.hear()
    const client = await scratch.connect(scratch.path('place/app.sock'))
    expect(await ask(client, 'from root')).toBe('from root')
    child.say('stop')
    await child.result
  })
})

describe('createUnixgramServer while another user hammers at its path (E10)', () => {
  /** Sends as another user as often as it can, and reads the mode, until the test stops it. */
  async function startAndStop(mode: number, target: object = {}): Promise<Hits> {
    const { server } = scratch.server({ data: () => undefined })
    const attacker = scratch.python(
      `
import errno, json, select, stat
os.setgroups([]); os.setgid(65534); os.setuid(65534)
s.setblocking(False)
hits = dict(sent=0, open=0, EACCES=0, ENOENT=0, ECONNREFUSED=0, EAGAIN=0)
say('ready')
while not select.select([sys.stdin], [], [], 0)[0]:
    for _ in range(50):
        try:
            s.sendto(b'x', sys.argv[1])
            hits['sent'] += 1
        except OSError as error: hits[errno.errorcode[error.errno]] += 1
        try:
            if stat.S_IMODE(os.stat(sys.argv[1]).st_mode) & ~int(sys.argv[2]): hits['open'] += 1
        except OSError: pass
say(json.dumps(hits))
`,
      scratch.path(),
      String(mode),
    )
    await attacker.hear()
    for (let run = 0; run < 300; run++) {
      await server.listen({ path: scratch.path(), mode, ...target })
      await new Promise(setImmediate)
      await server.close()
    }
    attacker.say('stop')
    return JSON.parse(await attacker.hear()) as Hits
  }

  interface Hits {
    sent: number
    open: number
    EACCES: number
  }

  itAsRoot('listen() with the mode 0600 never lets another user in', async () => {
    const hits = await startAndStop(0o600)
    expect(hits.EACCES).toBeGreaterThan(0)
    expect(hits).toMatchObject({ sent: 0, open: 0 })
  })

  itAsRoot('listen() with the mode 0660 and a gid never lets another user in', async () => {
    expect(await startAndStop(0o660, { gid: 1 })).toMatchObject({ sent: 0, open: 0 })
  })

  itAsRoot(
    'listen() with the mode 0666 lets another user in from the first moment, unless the umask forbids it',
    async () => {
      const umask = process.umask(0)
      try {
        const hits = await startAndStop(0o666)
        expect(hits.sent).toBeGreaterThan(0)
        expect(hits).toMatchObject({ open: 0, EACCES: 0 })
      } finally {
        process.umask(umask)
      }
    },
  )
})

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
    expect(permissions(scratch.path())).toBe(0o640)
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

describe('of several servers for a dead socket (E3)', () => {
  it.each([2, 5, 20])('exactly one of %i servers in one process replaces a dead socket', async (count) => {
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
  })

  it.each([2, 5])('exactly one of %i processes replaces a dead socket', async (count) => {
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
  function startRacer(): Child<void> {
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

describe('a relative path (E8)', () => {
  it('a relative path is bound from the root, so that replies and close() find it after chdir', async () => {
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

  it('a relative path is bound as it is where the one from the root is too long', async () => {
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

describe('listen and connectUnixgram (E8, E12)', () => {
  const targets: [unknown, string][] = [
    ['@name', 'ERR_SOCK_UNSUPPORTED'],
    [{ path: '@name' }, 'ERR_SOCK_UNSUPPORTED'],
    ['', 'ERR_SOCK_INVALID_ADDRESS'],
    [`/tmp/${'x'.repeat(103)}`, 'ERR_SOCK_PATH_TOO_LONG'],
    ['/tmp/a\0b', 'ERR_SOCK_INVALID_ADDRESS'],
    [{ family: 'ipv4', host: '127.0.0.1', port: 1 }, 'ERR_SOCK_INVALID_ADDRESS'],
  ]

  it.each(targets)('listen() and connectUnixgram() reject %j with %s', async (target, code) => {
    await expect(scratch.server().server.listen(target as string)).rejects.toMatchObject({ code })
    await expect(scratch.connect(target as string)).rejects.toMatchObject({ code })
  })
})
