import { expect, it } from '@jest/globals'
import { itWithStrace } from '@sock/tools/testing/needs'
import { cpSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { engines } from './support/engines.js'
import { runProgram } from './support/program.js'
import { useScratch } from './support/scratch.js'

const itOnLinux = process.platform === 'linux' ? it : it.skip

/** A server that answers, and a client. */
const TALK = `
  const errors = []
  const server = unixgram.createUnixgramServer({ data: (channel, data) => channel.write(data) }, options)
  server.on('error', (error) => errors.push(error.code + ' ' + error.syscall))
  await server.listen(args[0])
  const client = await unixgram.connectUnixgram(args[0], options)
  const ask = async (request) => {
    const failure = await client.write(request).then(() => undefined, (error) => error.code)
    return failure ?? String(await client.read())
  }
  const end = async () => {
    await client.close()
    await server.shutdown()
    const { datagramsReceived, datagramsSent, sendErrors, sendQueueBytes } = server.stats()
    return { datagramsReceived, datagramsSent, sendErrors, sendQueueBytes }
  }
`

const require = createRequire(import.meta.url)
const folderOf = (name: string): string => realpathSync(dirname(require.resolve(`${name}/package.json`)))

function copy(from: string, to: string, files: readonly string[]): void {
  for (const file of files) cpSync(`${from}/${file}`, `${to}/${file}`, { recursive: true })
}

for (const { name, options, describe } of engines) {
  describe(`faults of processes${name}`, () => {
    const scratch = useScratch(options.engine)
    /** What receives, and what carries the writes of a client, all sends, and the first answer after two writes. */
    const calls =
      options.engine === undefined
        ? // The first two are those of the client.
          { receive: 'recvmsg', write: 'sendmsg', send: 'sendmsg', answer: ['sendmsg', 3] }
        : // Writes leave at once, and answers as a batch.
          { receive: 'recvmmsg', write: 'sendto', send: 'sendto,sendmmsg', answer: ['sendmmsg', 1] }

    describe('a receive that fails (D15)', () => {
      itWithStrace('with ENOMEM is reported each time, and the message arrives all the same', async () => {
        const program = `${TALK} const answers = [await ask('one'), await ask('two')]
      done([answers, errors, await end()])`
        const inject = `${calls.receive}:error=ENOMEM:when=1..2`
        expect(await runProgram(program, [scratch.path()], { ...options, inject })).toEqual([
          ['one', 'two'],
          ['ENOMEM recvmsg', 'ENOMEM recvmsg'],
          { datagramsReceived: 2, datagramsSent: 2, sendErrors: 0, sendQueueBytes: 0 },
        ])
      })

      itWithStrace('on a client fails the read that waits, and the next one gets the answer', async () => {
        const program = `${TALK}
      await client.write('one')
      const failure = await client.read().catch((error) => error.code)
      done([failure, String(await client.read()), errors, await end()])`
        // The first call is that of the server.
        const inject = `${calls.receive}:error=ENOMEM:when=2`
        expect(await runProgram(program, [scratch.path()], { ...options, inject })).toEqual([
          'ENOMEM',
          'one',
          [],
          { datagramsReceived: 1, datagramsSent: 1, sendErrors: 0, sendQueueBytes: 0 },
        ])
      })

      itWithStrace('with EAGAIN or EINTR is none that anybody hears of', async () => {
        for (const code of ['EAGAIN', 'EINTR']) {
          const program = `${TALK} done([await ask('one'), errors, await end()])`
          const inject = `${calls.receive}:error=${code}:when=1..3`
          expect(await runProgram(program, [scratch.path()], { ...options, inject })).toEqual([
            'one',
            [],
            { datagramsReceived: 1, datagramsSent: 1, sendErrors: 0, sendQueueBytes: 0 },
          ])
        }
      })
    })

    describe('a send that fails (D9)', () => {
      itWithStrace(
        'with EAGAIN, ENOBUFS or EINTR is tried again, by the client and by the server',
        async () => {
          for (const code of ['EAGAIN', 'ENOBUFS', 'EINTR']) {
            for (const when of ['1..3', '2..4']) {
              const program = `${TALK} done([await ask('one'), await ask('two'), errors, await end()])`
              const inject = `${calls.send}:error=${code}:when=${when}`
              expect(await runProgram(program, [scratch.path()], { ...options, inject })).toEqual([
                'one',
                'two',
                [],
                { datagramsReceived: 2, datagramsSent: 2, sendErrors: 0, sendQueueBytes: 0 },
              ])
            }
          }
        },
      )

      itWithStrace('with ENOMEM rejects that one write of a client, and the next one leaves', async () => {
        const program = `${TALK} done([await ask('one'), await ask('two'), errors, await end()])`
        const inject = `${calls.write}:error=ENOMEM:when=1`
        expect(await runProgram(program, [scratch.path()], { ...options, inject })).toEqual([
          'ENOMEM',
          'two',
          [],
          { datagramsReceived: 1, datagramsSent: 1, sendErrors: 0, sendQueueBytes: 0 },
        ])
      })

      itWithStrace(
        'with ENOMEM in a handler is reported and counted, and the next answer leaves',
        async () => {
          const program = `${TALK}
      await client.write('one')
      done([await ask('two'), errors, server.stats().handlerErrors, await end()])`
          const [call, nth] = calls.answer
          const inject = `${call}:error=ENOMEM:when=${nth}`
          expect(await runProgram(program, [scratch.path()], { ...options, inject })).toEqual([
            'two',
            ['ENOMEM send'],
            1,
            { datagramsReceived: 2, datagramsSent: 1, sendErrors: 1, sendQueueBytes: 0 },
          ])
        },
      )
    })

    describe('socket, bind and connect that fail (D16)', () => {
      itWithStrace('reject, leave nothing, and are mended by coming again', async () => {
        const program = `
      const { readdirSync } = await import('node:fs')
      const count = () => readdirSync('/proc/self/fd').length
      const server = unixgram.createUnixgramServer({ data: (channel, data) => channel.write(data) }, options)
      const before = count()
      const outcomes = []
      const attempt = (promise) => promise.then(() => outcomes.push('done'), ({ code }) => outcomes.push(code))
      await attempt(server.listen(args[0]))
      if (server.state === 'idle') await attempt(server.listen(args[0]))
      let client
      const connect = async () => void (client = await unixgram.connectUnixgram(args[0], options))
      await attempt(connect())
      if (client === undefined) await attempt(connect())
      await client.write('x')
      outcomes.push(String(await client.read()))
      await client.close()
      await server.close()
      await new Promise(setImmediate)
      done([outcomes, count() - before])`
        const faults: [string, string[]][] = [
          ['socket:error=ENFILE:when=1', ['ENFILE', 'done', 'done', 'x']],
          ['socket:error=ENOBUFS:when=2', ['done', 'ENOBUFS', 'done', 'x']],
          ['bind:error=EACCES:when=1', ['EACCES', 'done', 'done', 'x']],
          ['bind:error=ENOMEM:when=2', ['done', 'ENOMEM', 'done', 'x']],
          ['connect:error=EACCES:when=1', ['done', 'EACCES', 'done', 'x']],
        ]
        for (const [inject, outcomes] of faults) {
          const result = await runProgram(program, [scratch.path()], { ...options, inject })
          expect([inject, result]).toEqual([inject, [outcomes, 0]])
        }
      })
    })

    describe('a process with open sockets', () => {
      itOnLinux('hands none down to a child (close-on-exec)', async () => {
        const program = `${TALK}
      const { readFileSync, readdirSync, readlinkSync } = await import('node:fs')
      const { execFileSync } = await import('node:child_process')
      const isSocket = (fd) => { try { return readlinkSync('/proc/self/fd/' + fd).startsWith('socket:') } catch {} }
      const ours = readdirSync('/proc/self/fd').filter((fd) => fd > 2 && isSocket(fd)).length
      const list = execFileSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' }).split('\\n')
      const theirs = list.filter((line) => / (\\d+) -> socket:/.exec(line)?.[1] > 2)
      done([ours, theirs, await ask('one'), (await end()).datagramsSent])`
        expect(await runProgram(program, [scratch.path()], options)).toEqual([2, [], 'one', 1])
      })

      it('that nobody refers to any more keeps them: garbage collection closes nothing in use', async () => {
        const program = `
      const listen = async () => {
        const server = unixgram.createUnixgramServer({ data: (channel, data) => channel.write(data) }, options)
        await server.listen(args[0])
        return new WeakRef(server)
      }
      await listen()
      // And a client that is never closed.
      await unixgram.connectUnixgram(args[0], options)
      for (let round = 0; round < 20; round++) {
        globalThis.gc()
        await new Promise(setImmediate)
      }
      const client = await unixgram.connectUnixgram(args[0], options)
      await client.write('still here?')
      const answer = String(await client.read())
      console.log(JSON.stringify(answer))
      const { rmSync } = await import('node:fs')
      rmSync(args[0])
      process.exit(0)`
        const flags = ['--expose-gc']
        expect(await runProgram(program, [scratch.path()], { ...options, flags })).toBe('still here?')
      })
    })

    describe('a second copy of the package with a second copy of the native module (F16)', () => {
      it('works beside the first: they answer each other, and close', async () => {
        const folder = scratch.own('copy')
        copy(fileURLToPath(new URL('..', import.meta.url)), folder, ['package.json', 'dist'])
        mkdirSync(`${folder}/node_modules/@sock`, { recursive: true })
        symlinkSync(folderOf('@sock/core'), `${folder}/node_modules/@sock/core`)
        const [native, files] =
          options.engine === undefined
            ? ['unix-dgram', ['package.json', 'build/Release/unix_dgram.node']]
            : ['@sock/native', ['package.json', 'dist', 'build/sock_native.node']]
        copy(folderOf(native), `${folder}/node_modules/${native}`, files)
        const program = `
      const copy = await import(${JSON.stringify(pathToFileURL(`${folder}/dist/index.js`).href)})
      const native = ${JSON.stringify(pathToFileURL(`${folder}/node_modules/@sock/native/dist/index.js`).href)}
      const copied = options.engine === undefined ? {} : { engine: (await import(native)).engine }
      const first = [unixgram, options]
      const second = [copy, copied]
      const handler = { data: (channel, data) => channel.write(data) }
      const answers = []
      for (const [[one, its], [other, theirs]] of [[first, second], [second, first], [second, second]]) {
        const server = one.createUnixgramServer(handler, its)
        await server.listen(args[0])
        const client = await other.connectUnixgram(args[0], theirs)
        await client.write('x')
        answers.push(String(await client.read()))
        await client.close()
        await server.close()
      }
      const loaded = process.report.getReport().sharedObjects.filter((name) => name.endsWith('.node'))
      done([loaded.length, answers])`
        expect(await runProgram(program, [scratch.path()], options)).toEqual([2, ['x', 'x', 'x']])
      })
    })
  })
}
