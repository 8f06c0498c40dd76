import { describe, expect, it } from '@jest/globals'
import type { StreamHandler, StreamServerOptions } from '@sock/core'
import { provoke, type Scene, type StreamFixture } from '@sock/testing'
import { withTool } from '@sock/test-support/needs'
import { until } from '@sock/test-support/wait'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { generate } from 'selfsigned'
import { connectTcp, createTcpServer, type IpAddress } from '../src/index.js'
import { engines } from './support/engines.js'
import { echo } from './support/servers.js'

const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048 })

const tls: StreamFixture = {
  name: 'tcp with TLS',
  target: () => '127.0.0.1:0',
  createServer: (handler: StreamHandler, options?: StreamServerOptions) =>
    createTcpServer(handler, { tls: { cert, key }, ...options }),
  connect: (address, options) =>
    connectTcp(address as never, { tls: { ca: cert }, serverName: 'localhost', ...options }),
}

const withPython = withTool('python3')

/** Runs a Python client of the server to its end, while our event loop is blocked. */
function runClient(scene: Scene, code: string): void {
  const { host, port } = scene.address as IpAddress
  const client = `import socket, struct\naddress = ('${host}', ${port})\n${code}`
  const { status, stderr } = spawnSync('python3', ['-c', client], { encoding: 'utf8' })
  expect(`${stderr}${status}`).toBe('0')
}

/** Twenty peers connect and reset before the server accepts. */
const RESET = `
for _ in range(20):
    peer = socket.create_connection(address)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    peer.close()
`

/** An urgent byte among others. */
const URGENT = `
peer = socket.create_connection(address)
peer.sendall(b'before')
peer.send(b'!', socket.MSG_OOB)
peer.sendall(b'after')
peer.shutdown(socket.SHUT_WR)
peer.close()
`

for (const { name, options, describe: describeEngine } of engines) {
  const tcp: StreamFixture = {
    name: 'tcp',
    createServer: (handler: StreamHandler, more?: StreamServerOptions) =>
      createTcpServer(handler, { ...options, ...more }),
    target: () => '127.0.0.1:0',
    connect: (address, more) => connectTcp(address as never, { ...options, ...more }),
  }

  describeEngine(`a peer that resets before it is accepted${name}`, () => {
    withPython('a peer that resets before it is accepted is counted, and closed as reset (A2)', () =>
      provoke(tcp, async (stage) => {
        const scene = await stage.serve(echo)
        runClient(scene, RESET)
        await until(
          () => scene.events.filter(({ state }) => state === 'close').length === 20,
          'all are closed',
        )
        expect(scene.server.stats()).toMatchObject({ accepted: 20, open: 0, handlerErrors: 0 })
        for (const { state, reason } of scene.events) if (state === 'close') expect(reason).toBe('reset')
        expect(scene.errors).toEqual([])
        return scene
      }),
    )
  })

  describeEngine(`a storm${name}`, () => {
    it('a storm of 2,000 bare clients is served, and no connection is left (A12)', () =>
      provoke(tcp, async (stage) => {
        const scene = await stage.serve(echo)
        const { host, port } = scene.address as IpAddress
        const ask = async (): Promise<string> => {
          const socket = connect({ host, port })
          const chunks: Buffer[] = []
          socket.on('data', (chunk: Buffer) => chunks.push(chunk))
          const gone = once(socket, 'close')
          socket.end('x')
          await gone
          return String(Buffer.concat(chunks))
        }
        // In batches that fit the accept queue: if it is full, a client tries again after seconds.
        for (let wave = 0; wave < 5; wave++) {
          const answers = await Promise.all(Array.from({ length: 400 }, ask))
          expect(answers.join('')).toBe('x'.repeat(400))
        }
        expect(scene.server.stats().accepted).toBe(2_000)
        return scene
      }))
  })

  describeEngine(`an urgent byte${name}`, () => {
    withPython('an urgent byte is left out of the input, which comes whole (A17)', () =>
      provoke(tcp, async (stage) => {
        let got = ''
        const scene = await stage.serve({
          data(connection, chunk) {
            got += String(chunk)
            return connection.write(chunk)
          },
        })
        runClient(scene, URGENT)
        await until(() => scene.events.at(-1)?.state === 'close', 'the connection is closed')
        expect(got).toBe('beforeafter')
        expect(scene.errors).toEqual([])
        return scene
      }),
    )
  })
}

describe('a peer that resets before it is accepted, with TLS', () => {
  withPython('a peer that resets before it is accepted counts as a failed handshake with TLS (A2, B4)', () =>
    provoke(tls, async (stage) => {
      const scene = await stage.serve(echo)
      runClient(scene, RESET)
      await until(() => scene.server.stats().rejected.handshakeFailed === 20, 'all have failed')
      expect(scene.server.stats()).toMatchObject({ accepted: 0, handshaking: 0 })
      expect(scene.errors.map((error) => (error as { code?: string }).code)).toEqual(
        Array(20).fill('ERR_SOCK_HANDSHAKE_FAILED'),
      )
      return scene
    }),
  )
})

describe('an urgent byte, with TLS', () => {
  withPython(
    'an urgent byte in plain text fails the TLS handshake, and affects no other connection (A17)',
    () =>
      provoke(tls, async (stage) => {
        const scene = await stage.serve(echo)
        runClient(scene, URGENT)
        await until(() => scene.server.stats().rejected.handshakeFailed === 1, 'the handshake has failed')
        return scene
      }),
  )
})
