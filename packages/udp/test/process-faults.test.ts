import { expect, it } from '@jest/globals'
import { describeDatagramFaults } from '@sock/test-support/datagram-process-faults'
import { openSockets } from '@sock/test-support/resources'
import { until } from '@sock/test-support/wait'
import { Worker } from 'node:worker_threads'
import { engines } from './support/engines.js'
import { runProgram } from './support/program.js'
import { dial, serve } from './support/sockets.js'

const ENTRY = new URL('../dist/index.js', import.meta.url).href

for (const { name, options, describe } of engines) {
  async function expectServed(address: Parameters<typeof dial>[0]): Promise<void> {
    const client = await dial(address, options)
    await client.write('still here?')
    expect(String(await client.read())).toBe('still here?')
  }

  describe(`worker threads${name}`, () => {
    it('a worker thread that is terminated leaves no socket behind, frees its port, and disturbs no other thread (F15)', async () => {
      const { server, address } = await serve(undefined, options)
      const before = openSockets()
      const program = `
      const { parentPort } = require('node:worker_threads')
      import(${JSON.stringify(ENTRY)}).then(async ({ createUdpServer, connectUdp }) => {
        const options = ${options.engine === undefined ? '{}' : "{ engine: (await import('@sock/native')).engine }"}
        const server = createUdpServer({ data: (channel, data) => channel.write(data) }, options)
        const address = await server.listen('127.0.0.1:0')
        const client = await connectUdp(address, options)
        await client.write('x')
        await client.read()
        // Sends, reads and a handler are under way at the end.
        for (let count = 0; count < 100; count++) void client.write('x')
        parentPort.postMessage(address.port)
      })`
      const worker = new Worker(program, { eval: true })
      const port = await new Promise<number>((resolve, reject) =>
        worker.once('message', resolve).once('error', reject),
      )
      const its = [...openSockets()].filter((socket) => !before.has(socket))
      if (process.platform === 'linux') expect(its).not.toEqual([])
      await worker.terminate()
      await until(() => !its.some((socket) => openSockets().has(socket)), 'its sockets are closed')
      const successor = await serve(undefined, options, `127.0.0.1:${port}`)
      await expectServed(successor.address)
      await expectServed(address)
      expect(server.state).toBe('listening')
    })
  })

  const isNode = options.engine === undefined
  // Which of these libuv uses depends on its version.
  const send = 'sendmsg,sendmmsg,sendto'
  describeDatagramFaults(
    { name, options, describe },
    {
      module: 'udp',
      run: runProgram,
      transport: 'Udp',
      target: () => '127.0.0.1:0',
      send,
      receive: 'recvmsg,recvmmsg',
      // The native engine sends writes at once, and answers as a batch. Otherwise, the first two are those of the client.
      write: [isNode ? send : 'sendto', 1],
      answer: isNode ? [send, 3] : ['sendmmsg', 1],
      connectCode: 'ENETUNREACH',
    },
  )
}
