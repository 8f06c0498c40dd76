import { expect, it } from '@jest/globals'
import type { DatagramHandler } from '@sock/core'
import { itIf, withTool } from '@sock/test-support/needs'
import { Program } from '@sock/test-support/programs'
import { rejection, until } from '@sock/test-support/wait'
import { spawnSync } from 'node:child_process'
import { engines } from './support/engines.js'
import { bindPeer, dial, refusingPort, serve } from './support/sockets.js'
import { runProgram } from './support/program.js'

const withPython = withTool('python3')

/** A Python program with a UDP socket `s`. */
function startPython(program: string, ...args: string[]): Program {
  const prelude = 'import os, socket, sys\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n'
  return new Program('python3', ['-u', '-c', prelude + program, ...args])
}

/** Gives a network namespace of its own, in which not even loopback is up; where that is not permitted, the tests are skipped. */
const canMakeNetwork = spawnSync('unshare', ['--net', 'ip', 'link']).status === 0
if (!canMakeNetwork)
  console.warn('Network namespaces are not permitted, or ip is missing: their tests are skipped')
const withNetwork = itIf(canMakeNetwork, 'needs ip, and leave to make a network namespace')

for (const { name, options, describe } of engines) {
  async function expectServed(address: Parameters<typeof dial>[0]): Promise<void> {
    const client = await dial(address, options)
    await client.write('still here?')
    expect(String(await client.read())).toBe('still here?')
  }

  describe(`a receiver that is stopped (SIGSTOP) and killed (SIGKILL)${name}`, () => {
    withPython(
      'a receiver that is stopped and killed holds up no send, and its client then reaches a successor (D17)',
      async () => {
        const { server, address } = await serve(undefined, options)
        const receiver = startPython(`
s.bind(('127.0.0.1', 0))
print(s.getsockname()[1])
while True: s.sendto(*s.recvfrom(100))
`)
        const port = await receiver.hear()
        const client = await dial(`127.0.0.1:${port}`, options)
        await receiver.stop()
        // More than its buffer holds: the rest is lost, as UDP allows.
        await Promise.all(Array.from({ length: 1_000 }, () => client.write(Buffer.alloc(1_000))))
        await expectServed(address)
        await receiver.kill()
        await client.write('nobody')
        expect((await rejection(client.read())).code).toBe('ECONNREFUSED')
        await serve(undefined, options, `127.0.0.1:${port}`)
        await client.write('successor?')
        expect(String(await client.read())).toBe('successor?')
        expect(server.state).toBe('listening')
      },
    )
  })

  describe(`a sender that is killed (SIGKILL) in the middle of a flood${name}`, () => {
    withPython(
      'datagrams of a sender that is killed in a flood are counted, and the next sender is served (D4)',
      async () => {
        let handled = 0
        const handler: DatagramHandler = {
          data(channel, data) {
            handled += 1
            return channel.write(data)
          },
        }
        const { server, address, errors } = await serve(handler, options)
        const sender = startPython(
          `
while True: s.sendto(b'x' * 1000, ('127.0.0.1', int(sys.argv[1])))
`,
          `${address.port}`,
        )
        await until(() => handled > 1_000, 'the flood has come')
        await sender.kill()
        // The queue of the kernel may still be full, and then the request is lost.
        const client = await dial(address, options)
        let answer: string | undefined
        void client.read().then((data) => (answer = String(data)))
        await until(() => {
          void client.write('still here?')
          return answer !== undefined
        }, 'there is an answer')
        expect(answer).toBe('still here?')
        await client.close()
        await server.shutdown()
        const { datagramsReceived, datagramsDropped, datagramsSent, sendErrors } = server.stats()
        expect(handled + datagramsDropped.queueFull + datagramsDropped.closing).toBe(datagramsReceived)
        expect(datagramsSent + sendErrors).toBe(handled)
        expect(errors).toEqual([])
      },
    )
  })

  describe(`answers that nobody takes${name}`, () => {
    it('answers to many closed ports at once cause no error, and others are served (D5)', async () => {
      const gone = await Promise.all(Array.from({ length: 50 }, () => refusingPort()))
      const handler: DatagramHandler = {
        async data(channel, data) {
          const to = (port: number) => ({ family: 'ipv4', host: '127.0.0.1', port }) as const
          await Promise.all(gone.map((port) => channel.send('x', to(port))))
          await channel.write(data)
        },
      }
      const { server, address, errors } = await serve(handler, options)
      const peer = await bindPeer()
      const client = await dial(address, options)
      for (let round = 0; round < 5; round++) {
        peer.send('x', address)
        await peer.next()
      }
      await client.write('still here?')
      expect(String(await client.read())).toBe('still here?')
      expect(errors).toEqual([])
      expect(server.stats()).toMatchObject({ sendErrors: 0, datagramsSent: 6 * 51 })
    })
  })

  describe(`a network that is down${name}`, () => {
    withNetwork(
      'a network that is down makes sends reject, and the same sockets go on when it is up (D18)',
      async () => {
        const program = `
      const { execFileSync } = await import('node:child_process')
      const ip = (...args) => execFileSync('ip', args)
      const errors = []
      const outcomes = []
      const attempt = (promise) => promise.then(() => outcomes.push('done'), ({ code }) => outcomes.push(code))
      let channel
      const server = udp.createUdpServer({
        open: (opened) => void (channel = opened),
        data: (channel, data) => channel.write(data),
      }, options)
      server.on('error', ({ code }) => errors.push(code))
      const address = await server.listen('0.0.0.0:0')
      const target = { host: '127.0.0.1', port: address.port }
      await attempt(udp.connectUdp(target, options))
      ip('link', 'set', 'lo', 'up')
      const client = await udp.connectUdp(target, options)
      const ask = async () => {
        await client.write('x')
        return String(await client.read())
      }
      outcomes.push(await ask())
      ip('addr', 'del', '127.0.0.1/8', 'dev', 'lo')
      await attempt(client.write('x'))
      await attempt(channel.send('x', client.localAddress))
      ip('addr', 'add', '127.0.0.1/8', 'dev', 'lo')
      outcomes.push(await ask())
      await client.close()
      await server.shutdown()
      const { sendErrors, sendQueueBytes, datagramsReceived } = server.stats()
      done([outcomes, errors, sendErrors, sendQueueBytes, datagramsReceived])`
        const result = await runProgram(program, [], { ...options, under: ['unshare', '--net'] })
        expect(result).toEqual([['ENETUNREACH', 'x', 'ENETUNREACH', 'ENETUNREACH', 'x'], [], 1, 0, 2])
      },
    )
  })
}
