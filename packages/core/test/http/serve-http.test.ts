import { afterEach, describe, expect, it } from '@jest/globals'
import { thrown } from '@sock/test-support/wait'
import { EventEmitter } from 'node:events'
import { createServer, type RequestListener, type ServerOptions, type ServerResponse } from 'node:http'
import { createSecureServer, createServer as createHttp2Server } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { serveHttp } from '../../src/index.js'
import { USE_INPUT, type InputUser } from '../../src/lib/channel/input-user.js'
import { StreamConnection } from '../../src/lib/stream/connection/connection.js'
import { serveFake } from '../support/fake-server.js'
import { settle } from '../support/settle.js'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** A server over fake ports, and its HTTP server, which does not listen. */
async function serve(listener: RequestListener, options: ServerOptions = {}) {
  const http = createServer(options, listener)
  const scene = await serveFake(serveHttp(http), { highWaterMark: 65_536, drainIdle: 0 })
  closing.push(() => scene.server.close())
  const open = () => {
    const port = scene.accept()
    closing.push(() => port.close())
    return port
  }
  return { ...scene, http, open }
}

const users = new WeakMap<object, InputUser>()
const { [USE_INPUT]: use } = StreamConnection.prototype
StreamConnection.prototype[USE_INPUT] = function (user) {
  users.set(this, user)
  use.call(this, user)
}
/** Whether the HTTP server keeps a shutdown from ending the connection as idle. */
const isHeld = (connection: object): boolean | undefined => users.get(connection)?.isBusy

const GET = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'

describe('serveHttp', () => {
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a port', 80],
    ['what emits no events', {}],
    ['what only emits events', new EventEmitter()],
  ])('serveHttp() refuses %s', (_, value) => {
    const error = thrown(() => serveHttp(value as never))
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' })
    expect(error.message).toMatch(/^Invalid "http": expected a server of node:http or node:http2, got /)
  })

  it('serveHttp() refuses an application, such as that of Express, and says what to write', () => {
    const application = Object.assign(() => {}, { emit() {}, listen() {} })
    expect(thrown(() => serveHttp(application as never)).message).toMatch(
      /^Invalid "http": .*, got an application\. Write serveHttp\(createServer\(application\)\)/,
    )
  })

  it('serveHttp() refuses servers that encrypt, and says what encrypts instead', () => {
    for (const http of [createHttpsServer(), createSecureServer()]) {
      expect(thrown(() => serveHttp(http as never)).message).toMatch(
        /^Invalid "http": expected a server without TLS, .*\(let createTcpServer\(\) encrypt, with its option "tls"\), got /,
      )
    }
  })

  it('serveHttp() serves requests of an HTTP server that does not listen', async () => {
    const { open } = await serve((request, response) => response.end(`${request.method} ${request.url}`))
    const port = open()
    port.receive(GET)
    await settle()
    expect(port.written.join('')).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*GET \/$/)
    expect(port.isDestroyed).toBe(false)
  })

  it('serveHttp() adds its listeners once, however many servers share an HTTP server', () => {
    const http = createServer()
    serveHttp(http)
    const counts = (): number[] => ['request', 'clientError'].map((name) => http.listenerCount(name))
    const before = counts()
    serveHttp(http)
    expect(counts()).toEqual(before)
  })

  it.each([
    ['nonsense', 'nonsense\r\n\r\n', '400 Bad Request'],
    [
      'large headers',
      `GET / HTTP/1.1\r\nx: ${'y'.repeat(2_000)}\r\n\r\n`,
      '431 Request Header Fields Too Large',
    ],
  ])('serveHttp() answers %s, and then sends its end instead of a reset', async (_, request, status) => {
    const { open } = await serve(() => {}, { maxHeaderSize: 1_000 })
    const port = open()
    port.receive(request)
    await settle()
    expect(port.written.join('')).toBe(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`)
    expect([port.count('shutdownWrite'), port.count('reset')]).toEqual([1, 0])
  })

  it('serveHttp() resets a connection whose next request cannot be read while a response is sent', async () => {
    const { open } = await serve((_, response) => void response.write('a part'))
    const port = open()
    port.receive(GET)
    await settle()
    port.receive('nonsense\r\n\r\n')
    await settle()
    expect(port.calls.at(-1)).toBe('reset')
    expect(port.written.join('')).not.toContain('400')
  })

  it.each([
    ['cannot be read', 'nonsense\r\n\r\n', undefined],
    ['takes too long', 'GET / HT', 'ERR_HTTP_REQUEST_TIMEOUT'],
  ])(
    'serveHttp() resets a connection whose third request %s while the first response is sent and the second waits',
    async (_, third, code) => {
      let count = 0
      const { open, http, server } = await serve((_request, response) => {
        if ((count += 1) === 1) response.write('a part')
      })
      const port = open()
      port.receive(GET + GET)
      await settle()
      expect(count).toBe(2)
      port.receive(third)
      const [connection] = server.connections() as Iterable<StreamConnection>
      const late = Object.assign(new Error('late'), { code })
      if (code !== undefined) http.emit('clientError', late, connection!.stream as never)
      await settle()
      expect(port.calls.at(-1)).toBe('reset')
      expect(port.written.join('')).toMatch(/^HTTP\/1\.1 200 OK[^]*\r\n\r\n6\r\na part\r\n$/)
    },
  )

  it('serveHttp() answers what it cannot read if nothing of a response is sent yet, whatever its program has written', async () => {
    let count = 0
    const { open } = await serve((_request, response) => {
      // The head of the first one waits for its body, and the second one for the first.
      if ((count += 1) === 1) response.writeHead(200)
      else response.write('a part')
    })
    const port = open()
    port.receive(GET + GET)
    await settle()
    port.receive('nonsense\r\n\r\n')
    await settle()
    expect(port.written.join('')).toBe('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
    expect([port.count('shutdownWrite'), port.count('reset')]).toEqual([1, 0])
  })

  it.each([
    ['checkContinue', '100-continue'],
    ['checkExpectation', 'something'],
  ])('serveHttp() marks a connection as busy while a %s listener answers', async (event, expectation) => {
    const answers: ServerResponse[] = []
    const { open, http, server } = await serve(() => {})
    http.on(event, (_request, response: ServerResponse) => {
      response.writeProcessing()
      answers.push(response)
    })
    const port = open()
    port.receive(`POST / HTTP/1.1\r\nhost: x\r\nexpect: ${expectation}\r\ncontent-length: 0\r\n\r\n`)
    await settle()
    const [connection] = server.connections()
    expect([answers.length, isHeld(connection!)]).toEqual([1, true])
    void server.shutdown()
    answers[0]?.write('first, ')
    await settle()
    expect([port.isDestroyed, isHeld(connection!)]).toEqual([false, true])
    answers[0]?.end('then the rest')
    await settle()
    expect(port.written.join('')).toMatch(/Connection: close[^]*first, [^]*then the rest/)
  })

  it('serveHttp() marks a connection as busy until its last response is complete', async () => {
    const answers: (() => void)[] = []
    const { open, server } = await serve((_, response) => {
      response.write('a part')
      answers.push(() => response.end('the rest'))
    })
    const isBusy = () => [...server.connections()].map(isHeld)
    const port = open()
    expect(isBusy()).toEqual([false])
    // Pipelined: the second response waits for the first one.
    port.receive(GET + GET)
    await settle()
    expect(port.written.join('')).toContain('a part')
    expect(isBusy()).toEqual([true])
    answers[0]?.()
    await settle()
    expect(isBusy()).toEqual([true])
    answers[1]?.()
    await settle()
    expect(isBusy()).toEqual([false])
    expect(port.isDestroyed).toBe(false)
  })

  it('serveHttp() leaves busy of a connection to the program', async () => {
    const { open, server } = await serve((_, response) => void response.end('done'))
    const port = open()
    const [connection] = server.connections()
    connection!.busy = true
    port.receive(GET)
    await settle()
    expect(port.written.join('')).toContain('done')
    expect([connection!.busy, isHeld(connection!)]).toEqual([true, false])
  })

  it('serveHttp() marks a response as the last one if its head is not sent when the shutdown begins', async () => {
    const answers: (() => void)[] = []
    const { open, server } = await serve((_, response) => void answers.push(() => response.end('done')))
    const port = open()
    port.receive(GET)
    await settle()
    void server.shutdown()
    answers[0]?.()
    await settle()
    expect(port.written.join('')).toMatch(/\r\nConnection: close\r\n/)
  })
})

describe('serveHttp of node:http2', () => {
  it('serveHttp() marks a connection of HTTP/2 as busy, since a shutdown waits for its session', async () => {
    const http2 = createHttp2Server()
    const { accept, server } = await serveFake(serveHttp(http2), { highWaterMark: 65_536 })
    const port = accept()
    expect([...server.connections()].map(isHeld)).toEqual([true])
    const closed = server.close()
    port.close()
    await closed
  })
})
