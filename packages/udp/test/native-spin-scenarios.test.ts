import { expect, it } from '@jest/globals'
import { hasTool, itWithStrace } from '@sock/tools/testing/needs'
import { later } from '@sock/tools/testing/resources'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeNative as describe } from './support/engines.js'
import { runProgram } from './support/program.js'

/** A client asks a server six times. Both are in one process; only the native engine calls epoll_wait(2) in it. */
const ASK = `
  const { createEngine } = await import('@sock/native')
  const engine = createEngine({ datagramSpin: Number(args[0]) })
  const server = udp.createUdpServer({ data: (channel, data) => void channel.write(data) }, { engine })
  const client = await udp.connectUdp(await server.listen('127.0.0.1:0'))
  for (let turn = 0; turn < 6; turn++) {
    await client.write('x')
    await client.read()
  }
  await client.close()
  await server.shutdown()
  done(args)
`

/** Returns how often the engine looked for sockets that are ready. */
async function countLooks(spin: number, command: readonly string[] = []): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'sock-'))
  later(() => rmSync(folder, { recursive: true }))
  const calls = join(folder, 'calls')
  const tracer = ['strace', '-f', '-qq', '-o', calls, '-e', 'trace=epoll_wait']
  await runProgram(ASK, [String(spin)], { under: [...command, ...tracer] })
  return readFileSync(calls, 'utf8').trim().split('\n').length
}

const itWithAffinity = hasTool('taskset') ? itWithStrace : it.skip

describe('datagramSpin of the native engine', () => {
  itWithStrace(
    'datagramSpin of the native engine looks once for each wake-up when it is off, and again before each sleep when it is on',
    async () => {
      const off = await countLooks(0)
      // Each of the six datagrams wakes it; it may find two at once.
      expect(off).toBeLessThanOrEqual(7)
      if (availableParallelism() > 1) expect(await countLooks(50)).toBeGreaterThanOrEqual(off + 4)
    },
  )

  itWithAffinity(
    'datagramSpin of the native engine has no effect in a process that may use one processor only',
    async () => {
      expect(await countLooks(50, ['taskset', '-c', '0'])).toBeLessThanOrEqual(7)
    },
  )
})
