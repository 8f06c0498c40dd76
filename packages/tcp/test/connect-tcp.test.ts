import { describe, expect, it } from '@jest/globals'
import { nodeEngine } from '@sock/core/stream'
import { expectHere } from '@sock/test-support/errors'
import { refusingPort } from '@sock/test-support/ports'
import { later } from '@sock/test-support/resources'
import { rejection } from '@sock/test-support/wait'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { connectTcp, type TcpClientOptions } from '../src/index.js'
import { engines } from './support/engines.js'
import { dial, readBytes, serve } from './support/servers.js'
import { WRONG_OPTIONS, type WrongOption } from './support/wrong-options.js'

/** The options of clients only come last. */
const CASES: readonly WrongOption[] = [
  ...WRONG_OPTIONS,
  ['serverName', 1, TypeError],
  ['serverName', null, TypeError],
  ['signal', {}, TypeError],
  ['signal', 'stop', TypeError],
  ['onState', 'log', TypeError],
]

describe('connectTcp', () => {
  it.each(CASES)('connectTcp() rejects for %s: %p', async (option, value, type) => {
    const error = await rejection(connectTcp(':1', { [option]: value }))
    expect(error).toBeInstanceOf(type)
    expect(error.message).toContain(`"${option}"`)
  })

  it.each(['port', 'host', 'noDelai', '__proto', 'constructor', 'maxConnections', 'backlog'])(
    'connectTcp() rejects for the unknown option %s',
    async (option) => {
      const error = await rejection(connectTcp(':1', { [option]: 1 }))
      expect(error).toBeInstanceOf(TypeError)
      expect(error.message).toContain(`"${option}"`)
    },
  )

  it.each([
    ['serverName', 'localhost'],
    ['handshakeTimeout', 5_000],
  ])('connectTcp() rejects for %s without TLS', async (option, value) => {
    for (const tls of [undefined, false]) {
      const error = await rejection(connectTcp(':1', { [option]: value, tls }))
      expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
      expect(error.message).toContain(`Invalid "${option}": it needs "tls". Pass both, or neither`)
    }
  })

  it('connectTcp() with TLS rejects for an engine without TLS', async () => {
    const engine = { ...nodeEngine, name: 'other' }
    expect(await rejection(connectTcp(':1', { tls: true, engine }))).toMatchObject({
      code: 'ERR_SOCK_UNSUPPORTED',
    })
  })

  it('connectTcp() takes undefined for the default of each option', async () => {
    const names = [...new Set(CASES.map(([option]) => option))]
    const { address } = await serve()
    const client = await dial(
      address,
      Object.fromEntries(names.map((name) => [name, undefined])) as TcpClientOptions,
    )
    await client.write('hi')
    expect(`${await readBytes(client, 2)}`).toBe('hi')
  })
})

for (const { name, options, describe: describeEngine } of engines) {
  describeEngine(`errors at the caller${name}`, () => {
    it('connectTcp() where nothing listens rejects with a message that says what to do, at the line of the call', async () => {
      const port = await refusingPort()
      const error = await rejection(connectTcp({ host: '127.0.0.1', port }, options))
      const message = `Cannot connect to "127.0.0.1:${port}": nothing listens there (ECONNREFUSED). Start the server, or check host and port`
      expectHere(error, 'ECONNREFUSED', message)
      expect(error).toMatchObject({ message, syscall: 'connect', address: '127.0.0.1', port })
    })

    it('connectTcp() to a name rejects at the line of the call, also in an async function that was woken', async () => {
      const port = await refusingPort()
      const connect = async (): Promise<void> => {
        await Promise.resolve()
        await connectTcp(`localhost:${port}`, options)
      }
      const error = await rejection(connect())
      expectHere(error, 'ECONNREFUSED', `Cannot connect to "localhost:${port}": nothing listens there`)
      expect(error).toMatchObject({ syscall: 'connect', port })
    })

    it('connectTcp() with a wrong target, option or pair of options rejects at the line of the call', async () => {
      const noPort = rejection(connectTcp('127.0.0.1:0', options))
      expectHere(await noPort, 'ERR_SOCK_INVALID_ADDRESS', 'Cannot connect to "127.0.0.1:0"')
      const unknown = rejection(connectTcp(':1', { ...options, port: 1 } as object))
      expectHere(await unknown, 'ERR_INVALID_ARG_VALUE', 'Unknown option "port" in connectTcp options')
      const small = rejection(connectTcp(':1', { ...options, maxWriteBuffer: 1 }))
      expectHere(await small, 'ERR_OUT_OF_RANGE', 'Invalid "maxWriteBuffer"')
    })

    it('connectTcp() leaves what configure throws, and the reason of a signal, as they are', async () => {
      const { address } = await serve()
      const mine = Object.assign(new Error('mine'), { code: 'EMINE', syscall: 'mine' })
      const { stack } = mine
      const configure = (): never => {
        throw mine
      }
      expect(await rejection(connectTcp(address, { ...options, configure }))).toBe(mine)
      expect(await rejection(connectTcp(address, { ...options, signal: AbortSignal.abort(mine) }))).toBe(mine)
      expect(mine).toMatchObject({ message: 'mine', stack })
    })
  })
}

describe('errors at the caller with TLS', () => {
  it.each(['ca', 'cert', 'rejectUnauthorized'])(
    'connectTcp() with "%s" beside "tls" rejects at the line of the call, and says that it belongs there',
    async (key) => {
      const error = await rejection(connectTcp(':1', { [key]: 'x' }))
      const message = `Unknown option "${key}" in connectTcp options: it belongs to the option "tls". Pass tls: { ${key} }`
      expectHere(error, 'ERR_INVALID_ARG_VALUE', message)
    },
  )

  it('connectTcp() with TLS where nothing listens, or what listens does not speak TLS, rejects at the line of the call', async () => {
    const refused = connectTcp(`127.0.0.1:${await refusingPort()}`, { tls: true })
    expectHere(await rejection(refused), 'ECONNREFUSED', 'nothing listens there')
    const plain = createServer(
      (socket) =>
        void socket
          .on('error', () => {})
          .resume()
          .end('hello'),
    ).listen(0, '127.0.0.1')
    later(() => void plain.close())
    await once(plain, 'listening')
    const { port } = plain.address() as { port: number }
    const failed = rejection(connectTcp(`127.0.0.1:${port}`, { tls: true }))
    expectHere(await failed, 'ERR_SOCK_HANDSHAKE_FAILED', 'the peer does not speak TLS')
  })
})
