import { describe, expect, it } from '@jest/globals'
import { describeLookUps, holdLookUps, REASON, turns } from '@sock/tools/testing/look-up-cases'
import { later } from '@sock/tools/testing/resources'
import { rejection } from '@sock/tools/testing/wait'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { connectTcp, createTcpServer, type TcpServer, type TcpServerOptions } from '../src/index.js'
import { createCertificates } from './support/certificates.js'
import { engines } from './support/engines.js'
import { dial, echo, readBytes } from './support/servers.js'

/** A raw server, and the port where it listens. */
async function listenRaw(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, '127.0.0.1')
  later(() => void server.close())
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

function create(options: TcpServerOptions): TcpServer {
  const server = createTcpServer(echo, options)
  later(() => server.close())
  return server
}

for (const engine of engines) {
  describeLookUps(engine, {
    transport: 'Tcp',
    createServer: () => create(engine.options),
    connect: (target, options) => connectTcp(target, { ...engine.options, ...options }),
    async ask(address: Parameters<typeof dial>[0], word) {
      const client = await dial(address)
      await client.write(word)
      return String(await readBytes(client, word.length))
    },
  })

  engine.describe(`connectTcp()${engine.name} whose signal aborts while a name is looked up`, () => {
    it('connectTcp() does not connect when a name is resolved after its signal has aborted', async () => {
      const { server, port } = await listenRaw()
      let accepted = 0
      server.on('connection', () => (accepted += 1))
      const lookUps = holdLookUps()
      const controller = new AbortController()
      const { signal } = controller
      const connecting = connectTcp(`name.test:${port}`, { ...engine.options, signal })
      controller.abort(REASON)
      expect(await rejection(connecting)).toBe(REASON)
      lookUps.answer()
      await turns()
      expect(accepted).toBe(0)
    })
  })
}

describe('listen() with TLS while a name is looked up', () => {
  it('listen() with TLS rejects with the reason of its signal at once, while a name is looked up', async () => {
    const { server: tls } = await createCertificates()
    holdLookUps()
    const controller = new AbortController()
    const listening = create({ tls }).listen('name.test:0', { signal: controller.signal })
    controller.abort(REASON)
    expect(await rejection(listening)).toBe(REASON)
  })
})
