import { expect, it } from '@jest/globals'
import { countSockets } from '@sock/tools/testing/resources'
import { until } from '@sock/tools/testing/wait'
import { Worker } from 'node:worker_threads'
import { engines } from './support/engines.js'
import { runProgram } from './support/program.js'
import { dial, serve } from './support/sockets.js'

const itOnLinux = process.platform === 'linux' ? it : it.skip
const ENTRY = new URL('../dist/index.js', import.meta.url).href

for (const { name, options, describe } of engines) {
  async function expectServed(address: Parameters<typeof dial>[0]): Promise<void> {
    const client = await dial(address, options)
    await client.write('still here?')
    expect(String(await client.read())).toBe('still here?')
  }

  describe(`a worker thread that is terminated with open sockets${name} (F15)`, () => {
    it('leaves none behind, frees its port, and does not disturb the server of the main thread', async () => {
      const { server, address } = await serve(undefined, options)
      const before = countSockets()
      const program = `
      const { parentPort } = require('node:worker_threads')
      import(${JSON.stringify(ENTRY)}).then(async ({ createUdpServer, connectUdp }) => {
        const options = ${options.engine === undefined ? '{}' : "{ engine: (await import('@sock/native')).engine }"}
        const server = createUdpServer({ data: (channel, data) => channel.write(data) }, options)
        const address = await server.listen('127.0.0.1:0')
        const client = await connectUdp(address, options)
        await client.write('x')
        await client.read()
        // Sends, reads and a handler are pending at the end.
        for (let count = 0; count < 100; count++) void client.write('x')
        parentPort.postMessage(address.port)
      })`
      const worker = new Worker(program, { eval: true })
      const port = await new Promise<number>((resolve, reject) =>
        worker.once('message', resolve).once('error', reject),
      )
      expect(countSockets()).toBeGreaterThan(before)
      await worker.terminate()
      await until(() => countSockets() <= before, 'its sockets are closed')
      const successor = await serve(undefined, options, `127.0.0.1:${port}`)
      await expectServed(successor.address)
      await expectServed(address)
      expect(server.state).toBe('listening')
    })
  })

  describe(`a process with open sockets${name}`, () => {
    itOnLinux('hands none down to a child (close-on-exec) (F18)', async () => {
      const program = `
      const server = udp.createUdpServer({ data: (channel, data) => channel.write(data) }, options)
      const client = await udp.connectUdp(await server.listen('127.0.0.1:0'), options)
      const { readdirSync, readlinkSync } = await import('node:fs')
      const { execFileSync } = await import('node:child_process')
      const isSocket = (fd) => { try { return readlinkSync('/proc/self/fd/' + fd).startsWith('socket:') } catch {} }
      const ours = readdirSync('/proc/self/fd').filter((fd) => fd > 2 && isSocket(fd)).length
      const list = execFileSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' }).split('\\n')
      const theirs = list.filter((line) => / (\\d+) -> socket:/.exec(line)?.[1] > 2)
      await client.write('x')
      done([ours, theirs, String(await client.read())])
      await client.close()
      await server.close()`
      expect(await runProgram(program, [], options)).toEqual([2, [], 'x'])
    })

    it('that nobody refers to any more keeps them: garbage collection closes nothing in use (F17)', async () => {
      const program = `
      const listen = () => udp.createUdpServer({ data: (channel, data) => channel.write(data) }, options).listen('127.0.0.1:0')
      const address = await listen()
      // And a client that is never closed.
      await udp.connectUdp(address, options)
      for (let round = 0; round < 20; round++) {
        globalThis.gc()
        await new Promise(setImmediate)
      }
      const client = await udp.connectUdp(address, options)
      await client.write('still here?')
      done(String(await client.read()))
      process.exit(0)`
      expect(await runProgram(program, [], { ...options, flags: ['--expose-gc'] })).toBe('still here?')
    })
  })
}
