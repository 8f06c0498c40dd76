import { expect, it } from '@jest/globals'
import type { TestedEngine } from './engines.js'
import { itWithStrace } from './needs.js'
import type { ModuleOptions, RunModule } from './task.js'

const itOnLinux = process.platform === 'linux' ? it : it.skip

/** What differs between datagram transports in these cases. */
export interface DatagramFaults {
  /** Runs the text of a module that has the package under this name. */
  readonly module: string
  readonly run: RunModule
  /** As in `createUdpServer()`. */
  readonly transport: 'Udp' | 'Unixgram'
  /** Where the server listens. A case may use it several times. */
  readonly target: () => string
  /** The system calls that send, and those that receive. */
  readonly send: string
  readonly receive: string
  /** The call that carries the first write of the client, and which of its kind it is. */
  readonly write: readonly [call: string, nth: number]
  /** The call that carries the first answer of the server after two writes. */
  readonly answer: readonly [call: string, nth: number]
  /** The code with which `connect` is made to fail. */
  readonly connectCode: string
}

/** System calls that fail, and processes that keep or hand down sockets. The ids are those of docs/faults.md. */
export function describeDatagramFaults(
  { name, options, describe }: TestedEngine<object>,
  { module, run, transport, target, send, receive, write, answer, connectCode }: DatagramFaults,
): void {
  const create = `${module}.create${transport}Server({ data: (channel, data) => channel.write(data) }, options)`
  const connect = `${module}.connect${transport}`
  /** A server that answers, and a client. */
  const talk = `
    const errors = []
    const server = ${create}
    server.on('error', (error) => errors.push(error.code + ' ' + error.syscall))
    const client = await ${connect}(await server.listen(args[0]), options)
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
  const runHere = (body: string, more: ModuleOptions = {}): Promise<unknown> =>
    run(body, [target()], { ...options, ...more })
  const twoAnswers = `${talk} done([[await ask('one'), await ask('two')], errors, await end()])`
  const counts = (datagramsReceived: number, datagramsSent: number, sendErrors = 0): object => ({
    datagramsReceived,
    datagramsSent,
    sendErrors,
    sendQueueBytes: 0,
  })

  describe(`datagrams and system calls that fail${name}`, () => {
    itWithStrace('a send that fails with EAGAIN, ENOBUFS or EINTR is tried again (D9)', async () => {
      for (const code of ['EAGAIN', 'ENOBUFS', 'EINTR']) {
        for (const when of ['1..3', '2..4']) {
          const inject = `${send}:error=${code}:when=${when}`
          expect(await runHere(twoAnswers, { inject })).toEqual([['one', 'two'], [], counts(2, 2)])
        }
      }
    })

    itWithStrace(
      'a send that fails with ENOMEM or EPERM rejects that one write of a client, and the next one leaves (D9)',
      async () => {
        for (const code of ['ENOMEM', 'EPERM']) {
          const inject = `${write[0]}:error=${code}:when=${write[1]}`
          expect(await runHere(twoAnswers, { inject })).toEqual([[code, 'two'], [], counts(1, 1)])
        }
      },
    )

    itWithStrace(
      'a send that fails in a handler is reported and counted, and the next answer leaves (D9)',
      async () => {
        const body = `${talk}
          await client.write('one')
          done([await ask('two'), errors, server.stats().handlerErrors, await end()])`
        const inject = `${answer[0]}:error=ENOMEM:when=${answer[1]}`
        expect(await runHere(body, { inject })).toEqual(['two', ['ENOMEM send'], 1, counts(2, 1, 1)])
      },
    )

    itWithStrace(
      'a receive that fails with ENOMEM is reported each time, and the datagram arrives all the same (D15)',
      async () => {
        const inject = `${receive}:error=ENOMEM:when=1..2`
        const errors = ['ENOMEM recvmsg', 'ENOMEM recvmsg']
        expect(await runHere(twoAnswers, { inject })).toEqual([['one', 'two'], errors, counts(2, 2)])
      },
    )

    itWithStrace('a receive that fails with EAGAIN or EINTR is reported to nobody (D15)', async () => {
      for (const code of ['EAGAIN', 'EINTR']) {
        const inject = `${receive}:error=${code}:when=1..3`
        expect(await runHere(twoAnswers, { inject })).toEqual([['one', 'two'], [], counts(2, 2)])
      }
    })

    itWithStrace(
      'socket, bind and connect that fail reject, leave nothing, and succeed at the next attempt (D16)',
      async () => {
        const body = `
          const { readdirSync } = await import('node:fs')
          const count = () => readdirSync('/proc/self/fd').length
          const server = ${create}
          const before = count()
          const outcomes = []
          const attempt = (promise) => promise.then(() => outcomes.push('done'), ({ code }) => outcomes.push(code))
          await attempt(server.listen(args[0]))
          if (server.state === 'idle') await attempt(server.listen(args[0]))
          let client
          const connect = async () => void (client = await ${connect}(server.address, options))
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
          [`connect:error=${connectCode}:when=1`, ['done', connectCode, 'done', 'x']],
        ]
        for (const [inject, outcomes] of faults)
          expect([inject, await runHere(body, { inject })]).toEqual([inject, [outcomes, 0]])
      },
    )
  })

  describe(`a process with open datagram sockets${name}`, () => {
    itOnLinux('a process hands down no datagram socket to a child: close-on-exec (F18)', async () => {
      const body = `${talk}
        const { readdirSync, readlinkSync } = await import('node:fs')
        const { execFileSync } = await import('node:child_process')
        const isSocket = (fd) => { try { return readlinkSync('/proc/self/fd/' + fd).startsWith('socket:') } catch {} }
        const ours = readdirSync('/proc/self/fd').filter((fd) => fd > 2 && isSocket(fd)).length
        const list = execFileSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' }).split('\\n')
        const theirs = list.filter((line) => / (\\d+) -> socket:/.exec(line)?.[1] > 2)
        done([ours, theirs, await ask('one'), (await end()).datagramsSent])`
      expect(await runHere(body)).toEqual([2, [], 'one', 1])
    })

    it('garbage collection closes no datagram socket in use, though nobody refers to it any more (F17)', async () => {
      const body = `
        const listen = () => ${create}.listen(args[0])
        const address = await listen()
        // And a client, which nobody will ever close.
        await ${connect}(address, options)
        for (let round = 0; round < 20; round++) {
          globalThis.gc()
          await new Promise(setImmediate)
        }
        const client = await ${connect}(address, options)
        await client.write('still here?')
        done(String(await client.read()))
        await (await import('node:fs/promises')).rm(args[0], { force: true })
        process.exit(0)`
      expect(await runHere(body, { flags: ['--expose-gc'] })).toBe('still here?')
    })
  })
}
