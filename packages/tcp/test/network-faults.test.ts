import { afterAll, beforeAll, expect } from '@jest/globals'
import type { IpAddress } from '@sock/core'
import { hasTool, itIf } from '@sock/test-support/needs'
import { Program, runTool } from '@sock/test-support/programs'
import { until } from '@sock/test-support/wait'
import { fileURLToPath } from 'node:url'
import { untimed } from './support/clock.js'
import { engines } from './support/engines.js'
import { dial, echo, serve } from './support/servers.js'
import { createNetwork, whyNoNetwork, type Network } from './support/network.js'

const reason = whyNoNetwork() ?? (hasTool('python3') ? undefined : 'needs python3')
if (reason !== undefined) console.warn(`Tests of a broken network are skipped: ${reason}`)
const withNetwork = itIf(reason === undefined, String(reason))

let network: Network
beforeAll(() => void (reason === undefined && (network = createNetwork())))
afterAll(() => network?.remove())

/** A client beyond the cable: connects, says "x", prints the answer, and stays until its input ends. */
const CLIENT = `
import socket, sys
host, port = sys.argv[1], int(sys.argv[2])
peer = socket.create_connection((host, port))
peer.sendall(b'x')
print(peer.recv(1).decode(), flush=True)
sys.stdin.read()
`

function beyond(...command: string[]): [string, string[]] {
  return ['ip', ['netns', 'exec', network.name, ...command]]
}

for (const { name, options, describe } of engines) {
  /** A new client gets an answer. */
  async function isServed(address: IpAddress): Promise<void> {
    const client = await dial(address, options)
    await client.write('x')
    expect((await client.read())?.subarray(0, 1).toString()).toBe('x')
    client.destroy()
  }

  describe(`a peer that is gone without a FIN${name}`, () => {
    withNetwork.each([
      ['while it is silent', 0],
      ['in the middle of an answer of 16 MiB', 16 * 2 ** 20],
    ])('a peer whose network is cut %s is closed by idleTimeout (A11)', async (_what, size) => {
      network = (network.remove(), createNetwork())
      const { address, server, events, errors } = await serve(
        async (connection) => {
          await connection.read()
          await connection.write('x')
          await connection.write(Buffer.alloc(size))
          await connection.read()
        },
        { ...options, idleTimeout: 400 },
        `${network.ours.host}:0`,
      )
      const client = new Program(...beyond('python3', '-c', CLIENT, address.host, `${address.port}`))
      await untimed(() => client.hear())
      network.cut()
      await until(() => server.stats().idleClosed === 1, 'the connection is closed')
      expect(events.at(-1)).toMatchObject({ state: 'close', reason: 'idle' })
      expect(errors).toEqual([])
      await client.kill()
      network = (network.remove(), createNetwork())
      await server.close()
      const again = await server.listen('127.0.0.1:0')
      await untimed(() => isServed(again))
    })

    withNetwork('a peer whose process is stopped (SIGSTOP) is closed by idleTimeout (A11)', async () => {
      const { address, server, events } = await serve(
        async (connection) => {
          await connection.read()
          for (;;) await connection.write(Buffer.alloc(64 * 1024, 'x'))
        },
        { ...options, idleTimeout: 400 },
      )
      const client = new Program('python3', ['-c', CLIENT, address.host, `${address.port}`])
      await untimed(() => client.hear())
      client.signal('SIGSTOP')
      await until(() => server.stats().idleClosed === 1, 'the connection is closed')
      expect(events.at(-1)).toMatchObject({ state: 'close', reason: 'idle' })
      await client.kill()
      await untimed(() => isServed(address))
    })
  })

  describe(`an address${name}`, () => {
    withNetwork(
      'a link-local address is shown with its zone, and can be listened on and dialled (A20)',
      async () => {
        const { ours, theirs } = network
        const { address, events } = await serve(echo, options, `[${ours.linkLocal}%${ours.device}]:0`)
        const host = `${ours.linkLocal}%${theirs.device}`
        const client = new Program(...beyond('python3', '-c', CLIENT, host, `${address.port}`))
        expect(await client.hear()).toBe('x')
        // The peer chooses its own address.
        const seen = String((events[0]?.remote as IpAddress | undefined)?.host)
        expect(seen).toMatch(/^fe80::/)
        expect(seen.endsWith(`%${ours.device}`)).toBe(true)
        expect(String(events[0]?.local)).toBe(String(address))
        await client.end()
      },
    )

    withNetwork(
      'connectTcp() to its own address connects to itself, by simultaneous open (A20)',
      async () => {
        const dist = fileURLToPath(new URL('../dist/index.js', import.meta.url))
        // With one port to choose from, the system chooses the port that is dialled.
        const script = `
      import { writeFileSync } from 'node:fs'
      const options = ${options.engine === undefined ? '{}' : "{ engine: (await import('@sock/native')).engine }"}
      const { connectTcp } = await import(${JSON.stringify(dist)})
      writeFileSync('/proc/sys/net/ipv4/ip_local_port_range', '41000 41000')
      const self = await connectTcp('127.0.0.1:41000', options)
      await self.write('to myself')
      const answer = String(await self.read())
      console.log(JSON.stringify([String(self.localAddress), String(self.remoteAddress), answer]))
      await self.close()`
        const [command, args] = beyond(process.execPath, '--input-type=module', '-e', script)
        const result = await runTool(command, args)
        expect(result.stderr).toBe('')
        expect(JSON.parse(result.stdout)).toEqual(['127.0.0.1:41000', '127.0.0.1:41000', 'to myself'])
        expect(result.code).toBe(0)
      },
    )
  })
}
