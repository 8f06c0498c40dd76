import { expect, it } from '@jest/globals'
import { NOBODY, itAsRoot, itWith } from '@sock/tools/testing/needs'
import { rejection } from '@sock/tools/testing/wait'
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { engines } from './support/engines.js'
import { ask, useScratch } from './support/scratch.js'

for (const { name, options, describe } of engines) {
  describe(`faults of socket files${name}`, () => {
    const scratch = useScratch(options.engine)

    async function expectServed(): Promise<void> {
      expect(await ask(await scratch.connect(), 'still here?')).toBe('still here?')
    }

    /** A server cannot listen there; once the way is free it can. */
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
      it('a FIFO rejects, and leaves it (E4)', async () => {
        expect(spawnSync('mkfifo', [scratch.own()]).status).toBe(0)
        await expectRefused('ERR_SOCK_PATH_NOT_SOCKET')
        expect(lstatSync(scratch.path()).isFIFO()).toBe(true)
      })

      it('a symlink to a live server rejects, and the server does not notice (E5)', async () => {
        const { server } = await scratch.serve(undefined, {}, scratch.path('live.sock'))
        symlinkSync(scratch.path('live.sock'), scratch.own())
        await expectRefused('ERR_SOCK_PATH_NOT_SOCKET')
        expect(lstatSync(scratch.path()).isSymbolicLink()).toBe(true)
        expect(server.stats().datagramsReceived).toBe(0)
        // A client may connect through it.
        await expectServed()
      })

      itWith('python3', 'a live socket that does not read, its queue full, rejects (E2)', async () => {
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
        receiver.goOn()
        receiver.say(1)
        expect(await receiver.hear()).toBe('x')
      })

      it('a file in the place of its folder rejects (E9)', async () => {
        writeFileSync(scratch.own('folder'), 'mine')
        const { server } = scratch.server()
        expect(await rejection(server.listen(scratch.path('folder/app.sock')))).toMatchObject({
          code: 'ENOTDIR',
        })
        await scratch.serve()
        await expectServed()
      })

      itAsRoot(
        'a folder in which nobody may write rejects with EACCES, and leaves nothing (E9)',
        async () => {
          const child = scratch.child(
            async ({ become, createUnixgramServer, fs, options: engine }, folder, uid) => {
              fs.mkdirSync(`${folder}/closed`, { mode: 0o755 })
              fs.mkdirSync(`${folder}/own`)
              fs.chownSync(`${folder}/own`, uid, uid)
              become(uid)
              const server = createUnixgramServer({ open: () => undefined }, engine)
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

    describe('a socket file that is deleted while its server listens (E7)', () => {
      it('a socket file that is deleted while its server listens is missed by new clients only; close() does not mind, and listen() makes it anew', async () => {
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
      itAsRoot('never lets in another user that hammers at it in its own folder (E10)', async () => {
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
      })
    })
  })
}
