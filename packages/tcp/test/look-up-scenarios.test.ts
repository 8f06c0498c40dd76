import { expect, it } from '@jest/globals'
import { holdLookUps } from '@sock/tools/testing/look-ups'
import { later } from '@sock/tools/testing/resources'
import { rejection } from '@sock/tools/testing/wait'
import { getEventListeners, once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { connectTcp, createTcpServer, type TcpServer, type TcpServerOptions } from '../src/index.js'
import { createCertificates } from './support/certificates.js'
import { engines } from './support/engines.js'
import { dial, echo, readBytes } from './support/servers.js'

const REASON = new Error('never mind')

/** Waits for turns of the event loop in which a started operation would show. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
}

async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Whether `port` is free: another server can listen on it. */
async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  const isBound = await once(server, 'listening').then(
    () => true,
    () => false,
  )
  server.close()
  return isBound
}

function create(options: TcpServerOptions): TcpServer {
  const server = createTcpServer(echo, options)
  later(() => server.close())
  return server
}

for (const { name, options, describe } of engines) {
  describe(`connectTcp${name} while a name is looked up`, () => {
    it('rejects with the reason at once, and connects to nobody afterwards', async () => {
      const server = createServer().listen(0, '127.0.0.1')
      later(() => void server.close())
      let accepted = 0
      server.on('connection', () => (accepted += 1))
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      const lookUps = holdLookUps()
      const controller = new AbortController()
      const connecting = connectTcp(`name.test:${port}`, { ...options, signal: controller.signal })
      expect(lookUps.waiting).toBe(1)
      controller.abort(REASON)
      expect(await rejection(connecting)).toBe(REASON)
      expect(getEventListeners(controller.signal, 'abort')).toEqual([])
      lookUps.answer()
      await turns()
      expect(accepted).toBe(0)
    })
  })

  describe(`listen()${name} while a name is looked up`, () => {
    it('rejects with the reason of its signal at once, and is not bound afterwards', async () => {
      const port = await unusedPort()
      const server = create(options)
      const lookUps = holdLookUps()
      const controller = new AbortController()
      const listening = server.listen(`name.test:${port}`, { signal: controller.signal })
      controller.abort(REASON)
      expect(await rejection(listening)).toBe(REASON)
      expect(server.state).toBe('idle')
      expect(getEventListeners(controller.signal, 'abort')).toEqual([])
      lookUps.answer()
      await turns()
      expect(await isFree(port)).toBe(true)
    })

    it.each(['close', 'shutdown'] as const)('hears %s() at once, and can listen again', async (how) => {
      const server = create(options)
      const lookUps = holdLookUps()
      const listening = server.listen('name.test:0')
      await server[how]()
      expect(await rejection(listening)).toMatchObject({ code: 'ERR_SOCK_CLOSED' })
      expect(server.state).toBe('idle')
      const address = await server.listen('127.0.0.1:0')
      lookUps.answer()
      await turns()
      expect(server.address).toBe(address)
      const client = await dial(address)
      await client.write('served')
      expect(`${await readBytes(client, 6)}`).toBe('served')
    })

    it('binds the address that it finds', async () => {
      const lookUps = holdLookUps()
      const listening = create(options).listen('name.test:0')
      lookUps.answer()
      expect(await listening).toMatchObject({ family: 'ipv4', host: '127.0.0.1' })
    })
  })
}

engines[0]?.describe('listen() with TLS while a name is looked up', () => {
  it('rejects with the reason of its signal at once', async () => {
    const { server: tls } = await createCertificates()
    holdLookUps()
    const controller = new AbortController()
    const listening = create({ tls }).listen('name.test:0', { signal: controller.signal })
    controller.abort(REASON)
    expect(await rejection(listening)).toBe(REASON)
  })
})
