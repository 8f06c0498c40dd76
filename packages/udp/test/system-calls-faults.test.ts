import { expect } from '@jest/globals'
import { itWithStrace } from '@sock/tools/testing/needs'
import { engines } from './support/engines.js'
import { runProgram } from './support/program.js'

/** Which of these libuv uses depends on its version. */
const SEND = 'sendmsg,sendmmsg,sendto'
const RECEIVE = 'recvmsg,recvmmsg'

/** A server that answers, and a client. */
const TALK = `
  const errors = []
  const server = udp.createUdpServer({ data: (channel, data) => channel.write(data) }, options)
  server.on('error', (error) => errors.push(error.code))
  const address = await server.listen('127.0.0.1:0')
  const client = await udp.connectUdp(address, options)
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

const numbers = (datagramsReceived: number, datagramsSent: number, sendErrors: number) => ({
  datagramsReceived,
  datagramsSent,
  sendErrors,
  sendQueueBytes: 0,
})

for (const { name, options, describe } of engines) {
  /** Which calls carry the first write of the client, and the first answer when it has written twice. */
  const first =
    options.engine === undefined
      ? // The first two are those of the client, or the second one is that of the server.
        { write: [SEND, 1], answer: [SEND, 3] }
      : // Writes leave at once, and answers as a batch.
        { write: ['sendto', 1], answer: ['sendmmsg', 1] }
  const failing = ([call, nth]: (string | number)[], code: string) => `${call}:error=${code}:when=${nth}`

  describe(`a send that fails${name} (D9)`, () => {
    itWithStrace('with EAGAIN or ENOBUFS waits for room, with EINTR for nothing, and leaves', async () => {
      for (const code of ['EAGAIN', 'ENOBUFS', 'EINTR']) {
        const program = `${TALK} done([await ask('one'), await ask('two'), errors, await end()])`
        const inject = `${SEND}:error=${code}:when=1..3`
        expect(await runProgram(program, [], { ...options, inject })).toEqual([
          'one',
          'two',
          [],
          numbers(2, 2, 0),
        ])
      }
    })

    itWithStrace(
      'with ENOMEM or EPERM rejects that one write of a client, and the next one leaves',
      async () => {
        for (const code of ['ENOMEM', 'EPERM']) {
          const program = `${TALK} done([await ask('one'), await ask('two'), errors, await end()])`
          const inject = failing(first.write, code)
          expect(await runProgram(program, [], { ...options, inject })).toEqual([
            code,
            'two',
            [],
            numbers(1, 1, 0),
          ])
        }
      },
    )

    itWithStrace('in a handler is reported and counted, and the next answer leaves', async () => {
      const program = `${TALK}
      await client.write('one')
      done([await ask('two'), errors, server.stats().handlerErrors, await end()])`
      const inject = failing(first.answer, 'ENOMEM')
      expect(await runProgram(program, [], { ...options, inject })).toEqual([
        'two',
        ['ENOMEM'],
        1,
        numbers(2, 1, 1),
      ])
    })
  })

  describe(`a receive that fails${name} (D15)`, () => {
    itWithStrace('with ENOMEM is reported, and the datagram arrives all the same', async () => {
      const program = `${TALK} done([await ask('one'), await ask('two'), errors, await end()])`
      const inject = `${RECEIVE}:error=ENOMEM:when=1`
      expect(await runProgram(program, [], { ...options, inject })).toEqual([
        'one',
        'two',
        ['ENOMEM'],
        numbers(2, 2, 0),
      ])
    })

    itWithStrace('with EAGAIN or EINTR is none that anybody hears of', async () => {
      for (const code of ['EAGAIN', 'EINTR']) {
        const program = `${TALK} done([await ask('one'), errors, await end()])`
        const inject = `${RECEIVE}:error=${code}:when=1..3`
        expect(await runProgram(program, [], { ...options, inject })).toEqual(['one', [], numbers(1, 1, 0)])
      }
    })
  })

  describe(`socket, bind and connect that fail${name} (D16)`, () => {
    itWithStrace('reject, leave nothing, and are mended by coming again', async () => {
      const program = `
      const { readdirSync } = await import('node:fs')
      const count = () => readdirSync('/proc/self/fd').length
      const server = udp.createUdpServer({ data: (channel, data) => channel.write(data) }, options)
      const before = count()
      const outcomes = []
      const attempt = (promise) => promise.then(() => outcomes.push('done'), ({ code }) => outcomes.push(code))
      await attempt(server.listen('127.0.0.1:0'))
      if (server.state === 'idle') await attempt(server.listen('127.0.0.1:0'))
      let client
      const connect = async () => void (client = await udp.connectUdp(server.address, options))
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
        ['connect:error=ENETUNREACH:when=1', ['done', 'ENETUNREACH', 'done', 'x']],
      ]
      for (const [inject, outcomes] of faults) {
        const result = await runProgram(program, [], { ...options, inject })
        expect([inject, result]).toEqual([inject, [outcomes, 0]])
      }
    })
  })
}
