import { expect, it } from '@jest/globals'
import { echo } from '@sock/testing'
import { describeUnixDgram as describe, itAsRoot, NOBODY } from '@sock/test-support/needs'
import { rejection } from '@sock/test-support/wait'
import { statSync } from 'node:fs'
import type { UnixgramPort, UnixgramSocket } from '../src/index.js'
import { openUnixDgram } from '../src/lib/unix-dgram-port.js'
import { engines } from './support/engines.js'
import { ask, useScratch } from './support/scratch.js'

const scratch = useScratch()

const itOnLinux = process.platform === 'linux' ? it : it.skip

for (const { name, options, describe: describeEngine } of engines) {
  describeEngine(`the mode of a file${name}`, () => {
    itOnLinux(
      'a socket file has its mode from the first moment, and the umask stays as it is meanwhile',
      async () => {
        const seen: number[] = []
        const openUnixgram = (): UnixgramPort<UnixgramSocket> => {
          const port = options.engine?.openUnixgram() ?? openUnixDgram()
          const bind = port.bind.bind(port)
          port.bind = (path) => {
            bind(path)
            seen.push(statSync(path).mode & 0o7777, process.umask(0))
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

describe('the owner of a socket file', () => {
  itAsRoot(
    'listen() rejects an owner that the process may not give a file to, leaves nothing, and works with its own (E11)',
    async () => {
      const child = scratch.child(
        async ({ become, createUnixgramServer, fs, until }, home, uid) => {
          fs.mkdirSync(home)
          fs.chownSync(home, uid, uid)
          const server = createUnixgramServer({ open: () => undefined })
          become(uid)
          const path = `${home}/app.sock`
          const refused: unknown[] = []
          const countDescriptors = (): number => fs.readdirSync('/proc/self/fd').length
          const before = countDescriptors()
          for (const owner of [{ uid: 0 }, { gid: 0 }]) {
            const failed = await server.listen({ path, ...owner }).catch((error: unknown) => error)
            refused.push((failed as NodeJS.ErrnoException).code, server.state, fs.readdirSync(home))
          }
          await until(() => countDescriptors() === before)
          await server.listen({ path, uid, gid: uid })
          const owner = fs.statSync(path).uid
          await server.close()
          return [refused, owner, fs.readdirSync(home)]
        },
        scratch.own('home'),
        NOBODY,
      )
      expect(await child.result).toEqual([['EPERM', 'idle', [], 'EPERM', 'idle', []], NOBODY, []])
    },
  )
})

describe('UnixTarget uid and gid', () => {
  itAsRoot('listen() with a uid lets a client of that user in, and it gets its answer', async () => {
    await scratch.serve(echo, {}, { path: scratch.path(), uid: NOBODY })
    const child = scratch.child(
      async ({ become, connectUnixgram, createUnixgramServer, fs }, path, uid, folder) => {
        const home = `${folder}/home`
        fs.mkdirSync(home)
        fs.chownSync(home, uid, uid)
        process.env['TMPDIR'] = home
        // Loads unix-dgram, which the user might not be able to read.
        createUnixgramServer({ open: () => undefined })
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
      async ({ become, connectUnixgram, createUnixgramServer }, path, uid) => {
        process.env['TMPDIR'] = '/tmp'
        createUnixgramServer({ open: () => undefined })
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
        const server = createUnixgramServer({ data: (channel, data) => channel.write(data) })
        become(uid)
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
