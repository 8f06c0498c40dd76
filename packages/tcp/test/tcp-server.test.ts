import { describe, expect, it } from '@jest/globals'
import { exchange, type StreamEngine } from '@sock/core'
import { nodeEngine } from '@sock/core/stream'
import { checkReusePort } from '@sock/core/transport'
import { engine as native } from '@sock/native'
import { createFolder } from '@sock/tools/folder'
import { expectHere } from '@sock/test-support/errors'
import { itIf, withTool } from '@sock/test-support/needs'
import { besideIpv4 } from '@sock/test-support/ports'
import { Program } from '@sock/test-support/programs'
import { later } from '@sock/test-support/resources'
import { rejection, thrown, until } from '@sock/test-support/wait'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { connectTcp, createTcpServer, type TcpServer, type TcpServerOptions } from '../src/index.js'
import { createCertificates } from './support/certificates.js'
import { describeNative, engines } from './support/engines.js'
import { listening, privilegedPort, unprivileged } from './support/kernel.js'
import { dial, dialRaw, echo, readBytes, serve } from './support/servers.js'
import { WRONG_OPTIONS, type WrongOption } from './support/wrong-options.js'

const withSs = withTool('ss')
/** Other systems have no reserved ports. */
const withPrivileged = itIf(privilegedPort !== undefined, 'this system has no reserved ports')

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

  it('listen() with ipv6Only leaves the IPv4 side of its port to others (A20)', async () => {
    const { address } = await besideIpv4((port) => serve(echo, {}, { host: '::', port, ipv6Only: true }))
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

  it('listen() on a host name is reached by that name', async () => {
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

  withPrivileged('listen() rejects with EACCES for a port that needs privileges', async () => {
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

  withSs('listen() passes backlog to the system', async () => {
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

  it('reusePort set to false works on every Node', async () => {
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

describeNative('reusePort with the native engine', () => {
  it('reusePort with the native engine shares a port on every Node, and both servers get peers', async () => {
    const counts = [0, 0]
    const servers = counts.map((_, index) =>
      createTcpServer(
        (connection) => {
          counts[index] = (counts[index] ?? 0) + 1
          return connection.write('x')
        },
        { engine: native },
      ),
    )
    let port = 0
    for (const server of servers)
      port = (await server.listen({ host: '127.0.0.1', port, reusePort: true })).port
    // The system chooses the server by a hash of the addresses, so both get some of a hundred.
    for (let round = 0; round < 100; round++)
      expect(
        String(await exchange(await connectTcp({ port, host: '127.0.0.1' }, { engine: native }), '')),
      ).toBe('x')
    expect(Math.min(...counts)).toBeGreaterThan(0)
    await Promise.all(servers.map((server) => server.close()))
  })
})

const CASES: readonly WrongOption[] = [...WRONG_OPTIONS, ['tls', true, TypeError]]

describe('createTcpServer', () => {
  it.each(['handshakeTimeout', 'maxHandshakes'])('createTcpServer() throws for %s without TLS', (option) => {
    const error = thrown(() => createTcpServer(echo, { [option]: 5_000 }))
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
    expect(error.message).toBe(`Invalid "${option}": it needs "tls". Pass both, or neither`)
    expect(createTcpServer(echo, { [option]: undefined }).state).toBe('idle')
  })

  it.each(CASES)('createTcpServer() throws for %s: %p (H1)', (option, value, type) => {
    const error = thrown(() => createTcpServer(echo, { [option]: value }))
    expect(error).toBeInstanceOf(type)
    expect(error.message).toContain(`"${option}"`)
    expect(error.message).toMatch(/got .+$/)
  })

  it.each(['pport', 'noDelai', 'NoDelay', '__proto', 'constructor', 'toString'])(
    'createTcpServer() throws for the unknown option %s, and names those it knows (H2)',
    (option) => {
      const error = thrown(() => createTcpServer(echo, { [option]: 1 }))
      expect(error).toBeInstanceOf(TypeError)
      expect(error.message).toContain(`"${option}"`)
      expect(error.message).toContain('noDelay')
    },
  )

  it('createTcpServer() throws for a handshake timeout inside tls, where it would be ignored', () => {
    const error = thrown(() => createTcpServer(echo, { tls: { handshakeTimeout: 1 } }))
    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toContain('tls.handshakeTimeout')
  })

  it('createTcpServer() with TLS throws for an engine without TLS', () => {
    const engine = { ...nodeEngine, name: 'other' }
    const error = thrown(() => createTcpServer(echo, { tls: {}, engine }))
    expect(error).toMatchObject({ code: 'ERR_SOCK_UNSUPPORTED' })
    expect(error.message).toContain('"other"')
  })

  it('createTcpServer() takes undefined for the default of each option', async () => {
    const names = [...new Set(CASES.map(([option]) => option))]
    const options = Object.fromEntries(names.map((name) => [name, undefined])) as TcpServerOptions
    const { address } = await serve(echo, options)
    const client = await dial(address)
    await client.write('hi')
    expect(`${await readBytes(client, 2)}`).toBe('hi')
  })

  it('createTcpServer() reads options once, from a frozen object or a getter, and never again (H4)', async () => {
    let reads = 0
    const options = Object.freeze({
      get maxConnections() {
        reads += 1
        return 1
      },
    })
    const { address, server } = await serve(echo, options)
    expect(reads).toBe(1)
    await dial(address)
    await until(() => server.openConnections === 1, 'the first is in')
    await dial(address)
    await until(() => server.stats().rejected.connectionLimit === 1, 'the second is refused')
    expect(reads).toBe(1)
  })

  it('createTcpServer() ignores later changes of its options (H5)', async () => {
    const options: { maxConnections: number } = { maxConnections: 1 }
    const { address, server } = await serve(echo, options)
    options.maxConnections = 0
    const client = await dial(address)
    await client.write('in')
    expect(`${await readBytes(client, 2)}`).toBe('in')
    expect(server.stats().rejected.connectionLimit).toBe(0)
  })

  it('createTcpServer() takes nothing from a polluted prototype (H4)', async () => {
    const prototype = Object.prototype as Record<string, unknown>
    prototype['maxConnections'] = 0
    try {
      const { address } = await serve(echo, {})
      const client = await dial(address)
      await client.write('in')
      expect(`${await readBytes(client, 2)}`).toBe('in')
    } finally {
      delete prototype['maxConnections']
    }
  })

  it('createTcpServer() with a bad certificate throws at the line of the call', () => {
    const make = () => createTcpServer(echo, { tls: { cert: 'x', key: 'y' } })
    expectHere(thrown(make), 'ERR_SOCK_INVALID_TLS', 'Cannot use the TLS option')
  })
})

for (const { name, options, describe: describeEngine } of engines) {
  const createWith = (more: object = {}): TcpServer => {
    const server = createTcpServer(echo, { ...options, ...more })
    later(() => server.close())
    return server
  }

  describeEngine(`errors at the caller${name}`, () => {
    it('listen() on a port in use rejects with a message that says what to do, at the line of the call', async () => {
      const { address } = await serve()
      const states: string[] = []
      const server = createWith()
      server.on('state', (_, message) => void states.push(message))
      const error = await rejection(server.listen(address))
      const message = `Cannot listen on "${address}": the port is in use (EADDRINUSE). Stop the other program, or choose another port; with port 0 the system picks a free one`
      expectHere(error, 'EADDRINUSE', message)
      expect(error).toMatchObject({ message, syscall: 'listen', address: '127.0.0.1', port: address.port })
      expect((error as NodeJS.ErrnoException).errno).toBeLessThan(0)
      expect(states.at(-1)).toBe(message)
    })

    it('listen() on an address of another machine rejects at the line of the call', async () => {
      const message = 'Cannot listen on "192.0.2.1:0": no network interface of this machine has this address'
      expectHere(await rejection(createWith().listen('192.0.2.1:0')), 'EADDRNOTAVAIL', message)
    })

    it('listen() on an invalid target, and a second listen(), reject at the line of the call, also in an async function', async () => {
      const server = createWith()
      const start = async (target: unknown): Promise<void> => {
        await Promise.resolve()
        await server.listen(target as string)
      }
      expectHere(await rejection(start(8080)), 'ERR_SOCK_INVALID_ADDRESS', 'Invalid target: expected ":8080"')
      await start('127.0.0.1:0')
      expectHere(
        await rejection(start(':0')),
        'ERR_SOCK_INVALID_STATE',
        'Cannot listen: the server is listening',
      )
    })

    it('listen() that close() stops, or with a wrong option, rejects at the line of the call', async () => {
      const server = createWith()
      const starting = rejection(server.listen('127.0.0.1:0'))
      await server.close()
      expectHere(
        await starting,
        'ERR_SOCK_CLOSED',
        'Cannot listen: the server was closed while it was starting',
      )
      const wrong = server.listen(':0', { signal: 1 as never })
      expectHere(await rejection(wrong), 'ERR_INVALID_ARG_TYPE', 'Invalid "signal": expected an AbortSignal')
    })

    it.each(['host', 'ipv6Only', 'reusePort'])(
      'createTcpServer() with "%s" among its options throws that it belongs to the target',
      (key) => {
        const error = thrown(() => createWith({ [key]: true }))
        const message = `it belongs to the target. Call listen({ port, ${key} })`
        expectHere(error, 'ERR_INVALID_ARG_VALUE', message)
      },
    )

    it('createTcpServer() with a wrong handler or option throws at the line of the call', () => {
      const none = thrown(() => createTcpServer(5 as never, options))
      expectHere(none, 'ERR_INVALID_ARG_TYPE', 'Invalid "handler": expected a function or an object')
      expectHere(
        thrown(() => createWith({ idleTimeout: -1 })),
        'ERR_OUT_OF_RANGE',
        'Invalid "idleTimeout"',
      )
      expectHere(
        thrown(() => createWith({ maxWriteBuffer: 1 })),
        'ERR_OUT_OF_RANGE',
        'Invalid "maxWriteBuffer"',
      )
    })
  })
}

describe('errors at the caller with an engine that is not available', () => {
  it('listen() and connectTcp() with an engine that is not available reject at the line of the call', async () => {
    const no = (): never => {
      throw Object.assign(new Error('it is for Linux'), { code: 'ERR_SOCK_NATIVE_UNAVAILABLE' })
    }
    const engine: StreamEngine<never> = {
      name: 'native',
      listenStream: async () => no(),
      connectStream: async () => no(),
    }
    const server = createTcpServer(echo, { engine })
    expectHere(await rejection(server.listen(':0')), 'ERR_SOCK_NATIVE_UNAVAILABLE', 'it is for Linux')
    expectHere(
      await rejection(connectTcp(':1', { engine })),
      'ERR_SOCK_NATIVE_UNAVAILABLE',
      'it is for Linux',
    )
  })
})

const PROGRAM = fileURLToPath(new URL('support/cluster.mjs', import.meta.url))
const PEERS = 4

describe('a worker of a cluster that starts while peers wait in the primary', () => {
  it.each(['tcp', 'tls'])(
    'a worker of a cluster that starts while peers wait in the primary serves a peer that it gets before it is told that it listens: %s',
    async (kind) => {
      const folder = createFolder('cluster')
      later(() => folder.remove())
      const { ca, server } = await createCertificates()
      if (kind === 'tls') writeFileSync(join(folder.path, 'tls.json'), JSON.stringify(server))

      const primary = new Program(process.execPath, [PROGRAM, folder.path])
      const port = Number(await primary.hear())
      const peers = Array.from({ length: PEERS }, () => {
        const socket = connect(port, '127.0.0.1')
        later(() => socket.destroy())
        return { socket, stream: kind === 'tls' ? connectTls({ socket, ca, host: 'localhost' }) : socket }
      })
      await Promise.all(peers.map(({ socket }) => once(socket, 'connect')))
      primary.say('start another')
      const answers = peers.map(async ({ stream }, index) => {
        stream.write(`${index}`)
        return `${(await once(stream, 'data'))[0]}`
      })
      expect(await Promise.all(answers)).toEqual(peers.map((_, index) => `${index}`))
      await primary.end()
    },
  )
})
