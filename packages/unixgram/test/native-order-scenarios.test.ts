import { expect } from '@jest/globals'
import { engine } from '@sock/native'
import { itWithStrace } from '@sock/tools/testing/needs'
import { describeNative as describe } from './support/engines.js'
import { runProgram } from './support/program.js'
import { useScratch } from './support/scratch.js'

const scratch = useScratch(engine)

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
    'answers to one receiver that had no room are not overtaken by one too many for a batch',
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
