import { describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createTcpServer, connectTcp } from '../src/index.js'
import { checkReusePort } from '@sock/core/transport'
import { hasTool } from '@sock/tools/testing/needs'
import { later } from '@sock/tools/testing/resources'
import { rejection, until } from '@sock/tools/testing/wait'
import { listening, privilegedPort, unprivileged } from './support/kernel.js'
import { dial, dialRaw, echo, readBytes, serve } from './support/servers.js'

const withSs = hasTool('ss') ? it : it.skip
/** Other systems have no reserved ports. */
const withPrivileged = privilegedPort === undefined ? it.skip : it

describe('listen', () => {
  it('listen() returns the port that the system chose, after each start (A20)', async () => {
    const { server, address } = await serve()
    expect(address).toMatchObject({ family: 'ipv4', host: '127.0.0.1' })
    expect(address.port).toBeGreaterThan(0)
    await server.close()
    expect(server.address).toBeUndefined()
    const again = await server.listen('127.0.0.1:0')
    expect(again.port).toBeGreaterThan(0)
    const client = await dial(again)
    await client.write('again')
    expect(`${await readBytes(client, 5)}`).toBe('again')
  })

  it('listen() takes IPv4 peers on "::" and shows them as IPv4 (A20)', async () => {
    const { server, address, events } = await serve(echo, {}, '[::]:0')
    expect(address).toMatchObject({ family: 'ipv6', host: '::' })
    const client = await dial(`127.0.0.1:${address.port}`)
    await until(() => server.openConnections === 1, 'the peer is accepted')
    expect(events[0]?.remote).toMatchObject({ family: 'ipv4', host: '127.0.0.1' })
    expect(events[0]?.local).toMatchObject({ family: 'ipv4', host: '127.0.0.1', port: address.port })
    expect(events[0]?.remote).toEqual(client.localAddress)
  })

  it('listen() refuses IPv4 peers with ipv6Only (A20)', async () => {
    const { address } = await serve(echo, {}, { host: '::', port: 0, ipv6Only: true })
    expect(await rejection(connectTcp(`127.0.0.1:${address.port}`))).toMatchObject({ code: 'ECONNREFUSED' })
    const client = await dial(`[::1]:${address.port}`)
    expect(client.remoteAddress).toMatchObject({ family: 'ipv6', host: '::1', port: address.port })
  })

  it('listen() shows the same addresses on both sides', async () => {
    const { server, address, events } = await serve()
    const client = await dial(address)
    await until(() => server.openConnections === 1, 'the peer is accepted')
    expect(client.remoteAddress).toEqual(address)
    expect(events[0]).toMatchObject({ state: 'new', local: address, remote: client.localAddress })
    expect(`${client.localAddress}`).toMatch(/^127\.0\.0\.1:\d+$/)
  })

  it('listen() is reached by name', async () => {
    const { address } = await serve(echo, {}, 'localhost:0')
    const client = await dial(`localhost:${address.port}`)
    await client.write('name')
    expect(`${await readBytes(client, 4)}`).toBe('name')
  })

  it('listen() accepts its own address as a target', async () => {
    const { server, address } = await serve()
    await server.close()
    expect(await server.listen(address)).toEqual(address)
  })

  it('listen() rejects with EADDRINUSE and can be called again', async () => {
    const { address } = await serve()
    const server = createTcpServer(echo)
    const states: string[] = []
    server.on('state', (state) => void states.push(state))
    later(() => server.close())
    expect(await rejection(server.listen(address))).toMatchObject({ code: 'EADDRINUSE', port: address.port })
    expect(server).toMatchObject({ state: 'idle', address: undefined, openConnections: 0 })
    await server.listen('127.0.0.1:0')
    expect(server.state).toBe('listening')
    expect(states).toEqual(['starting', 'idle', 'starting', 'listening'])
  })

  it.each([
    ['EADDRNOTAVAIL', '192.0.2.1:0'],
    ['ENOTFOUND', 'no-such-host.invalid:0'],
  ])('listen() rejects with %s and stays idle', async (code, target) => {
    const server = createTcpServer(echo)
    later(() => server.close())
    const error = await rejection(server.listen(target))
    // Without a network, the resolver returns EAI_AGAIN.
    expect([code, 'EAI_AGAIN']).toContain(error.code)
    expect(server).toMatchObject({ state: 'idle', address: undefined })
    await server.listen('127.0.0.1:0')
    expect(server.state).toBe('listening')
  })

  withPrivileged('rejects with EACCES for a port that is not for everybody', async () => {
    const server = createTcpServer(echo)
    later(() => server.close())
    const error = await unprivileged(() =>
      rejection(server.listen({ host: '127.0.0.1', port: privilegedPort as number })),
    )
    expect(error).toMatchObject({ code: 'EACCES', syscall: 'listen' })
    expect(server).toMatchObject({ state: 'idle', address: undefined })
    await server.listen('127.0.0.1:0')
    expect(server.state).toBe('listening')
  })

  withSs('honours backlog', async () => {
    const { address } = await serve(echo, { backlog: 7 })
    // `ss` shows the length of the accept queue as Send-Q of a listening socket.
    expect(await listening(address.port)).toBe(7)
  })
})

describe('reusePort', () => {
  const supported = canReusePort()

  it('reusePort shares a port, or is refused where Node cannot', async () => {
    const server = createTcpServer(echo)
    later(() => server.close())
    if (!supported) {
      const error = await rejection(server.listen({ host: '127.0.0.1', port: 0, reusePort: true }))
      expect(error).toMatchObject({ code: 'ERR_SOCK_UNSUPPORTED' })
      expect(error.message).toContain(process.versions.node)
      expect(server.state).toBe('idle')
      return
    }
    const { port } = await server.listen({ host: '127.0.0.1', port: 0, reusePort: true })
    const { address } = await serve(echo, {}, { host: '127.0.0.1', port, reusePort: true })
    expect(address.port).toBe(port)
  })

  it('set to false is no request', async () => {
    const { address } = await serve(echo, {}, { host: '127.0.0.1', port: 0, reusePort: false })
    expect(address.port).toBeGreaterThan(0)
  })
})

describe('close', () => {
  it('close() frees the port for others', async () => {
    const { server, address } = await serve()
    await dialRaw(address)
    await server.close()
    const other = createServer()
    later(() => other.close())
    other.listen(address.port, address.host)
    await once(other, 'listening')
    expect(other.listening).toBe(true)
  })
})

function canReusePort(): boolean {
  try {
    checkReusePort(true)
    return true
  } catch {
    return false
  }
}
