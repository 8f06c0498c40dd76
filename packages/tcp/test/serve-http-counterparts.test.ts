import { expect, it } from '@jest/globals'
import { serveHttp } from '@sock/core'
import { later } from '@sock/test-support/resources'
import { until } from '@sock/test-support/wait'
import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage, type Server, type ServerOptions } from 'node:http'
import { connect, createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { TcpServerOptions } from '../src/index.js'
import { engines } from './support/engines.js'
import { closed, dial, dialRaw, readToEnd, serve, type Running } from './support/servers.js'

/** What a request shows of its socket, as JSON; `/wait` is answered when the test says so, `/pause` at first in part. */
function createPages(options: ServerOptions = {}): { http: Server; answer: (text: string) => void } {
  let release!: (text: string) => void
  const http = createServer(options, (request, response) => {
    if (request.url === '/pause') response.write('at first, ')
    if (request.url === '/wait' || request.url === '/pause') release = (text) => void response.end(text)
    else if (request.url === '/timeout') {
      request.setTimeout(1_000)
      response.setTimeout(1_000, () => undefined)
      request.socket.setNoDelay(true).setKeepAlive(true, 5_000).unref().ref()
      response.end('set')
    } else {
      const { remoteAddress, remoteFamily, localPort, readyState } = request.socket
      response.end(JSON.stringify({ remoteAddress, remoteFamily, localPort, readyState }))
    }
  })
  return { http, answer: (text) => release(text) }
}

/** A request over one of our connections, which an agent keeps. */
async function ask(
  running: Running,
  agent: Agent,
  path: string,
): Promise<{ text: string; response: IncomingMessage }> {
  const request = get({ agent, path, host: running.address.host, port: running.address.port })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return { text, response }
}

function createAgent(running: Running, options: object): Agent {
  const agent = new Agent({ keepAlive: true })
  agent.createConnection = (_options, callback) => {
    dial(running.address, options).then(
      (connection) => callback?.(null, connection.stream),
      (error: Error) => callback?.(error, undefined as never),
    )
    return undefined
  }
  later(() => agent.destroy())
  return agent
}

engines.forEach(({ name, options, describe: describeEngine }) => {
  describeEngine(`serveHttp()${name}`, () => {
    async function start(httpOptions?: ServerOptions, serverOptions?: TcpServerOptions) {
      const pages = createPages(httpOptions)
      const running = await serve(serveHttp(pages.http), { drainIdle: 50, ...options, ...serverOptions })
      return { ...pages, running, agent: createAgent(running, options) }
    }

    it(`serveHttp()${name}: requests see the addresses of their socket, and its methods work`, async () => {
      const { running, agent } = await start()
      const { text } = await ask(running, agent, '/')
      expect(JSON.parse(text)).toEqual({
        remoteAddress: '127.0.0.1',
        remoteFamily: 'IPv4',
        localPort: running.address.port,
        readyState: 'open',
      })
      expect((await ask(running, agent, '/timeout')).text).toBe('set')
      expect(running.errors).toEqual([])
    })

    it(`serveHttp()${name}: an agent of node:http keeps a connection of ours for its next request`, async () => {
      const { running, agent } = await start()
      await ask(running, agent, '/')
      await ask(running, agent, '/')
      expect(running.server.stats().accepted).toBe(1)
    })

    it(`serveHttp()${name}: headersTimeout ends a peer that never finishes its headers`, async () => {
      const { running } = await start({
        headersTimeout: 50,
        requestTimeout: 100,
        connectionsCheckingInterval: 20,
      })
      const socket = await dialRaw(running.address)
      socket.write('GET / HTTP/1.1\r\nhost: x\r\n')
      expect(String(await readToEnd(socket))).toMatch(/^HTTP\/1\.1 408 Request Timeout/)
    })

    it.each([
      ['no request at all', 'nonsense\r\n\r\n', '400 Bad Request'],
      [
        'headers above maxHeaderSize',
        `GET / HTTP/1.1\r\nx: ${'y'.repeat(2_000)}\r\n\r\n`,
        '431 Request Header Fields Too Large',
      ],
    ])(`serveHttp()${name}: %s is answered before the connection ends`, async (_, request, status) => {
      const { running } = await start({ maxHeaderSize: 1_000 })
      const socket = await dialRaw(running.address)
      socket.write(request)
      expect(String(await readToEnd(socket))).toBe(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`)
    })

    it(`serveHttp()${name}: two servers share one HTTP server, and one that has no connection changes nothing for the other`, async () => {
      const { running, http } = await start({
        headersTimeout: 50,
        requestTimeout: 100,
        connectionsCheckingInterval: 20,
      })
      const other = await serve(serveHttp(http), options)
      const slow = await dialRaw(running.address)
      slow.write('GET / HTTP/1.1\r\n')
      const brief = await dialRaw(other.address)
      brief.write('nonsense\r\n\r\n')
      // 408 if this process was held up.
      expect(String(await readToEnd(brief))).toMatch(/^HTTP\/1\.1 40[08] /)
      await until(() => other.server.openConnections === 0, 'the brief connection is closed')
      expect(String(await readToEnd(slow))).toMatch(/^HTTP\/1\.1 408 Request Timeout/)
    })

    it(`serveHttp()${name}: an HTTP server that listens as well keeps its own time-outs`, async () => {
      const { running, http } = await start({
        headersTimeout: 50,
        requestTimeout: 100,
        connectionsCheckingInterval: 20,
      })
      await new Promise<void>((resolve) => void http.listen(0, '127.0.0.1', resolve))
      later(() => new Promise((resolve) => http.close(resolve)))
      const brief = await dialRaw(running.address)
      brief.write('nonsense\r\n\r\n')
      await readToEnd(brief)
      await until(() => running.server.openConnections === 0, 'the brief connection is closed')
      const slow = await dialRaw({ ...running.address, port: (http.address() as AddressInfo).port })
      slow.write('GET / HTTP/1.1\r\n')
      expect(String(await readToEnd(slow))).toMatch(/^HTTP\/1\.1 408 Request Timeout/)
    })

    it(`serveHttp()${name}: a clientError listener of the program answers instead`, async () => {
      const { running, http } = await start()
      http.on('clientError', (_error, socket) => void socket.end('HTTP/1.1 418 Teapot\r\n\r\n'))
      const socket = await dialRaw(running.address)
      socket.write('nonsense\r\n\r\n')
      expect(String(await readToEnd(socket))).toBe('HTTP/1.1 418 Teapot\r\n\r\n')
    })

    it(`serveHttp()${name}: keepAliveTimeout ends a connection that waits for its next request`, async () => {
      const { running } = await start({ keepAliveTimeout: 20 })
      const socket = await dialRaw(running.address)
      socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
      socket.resume()
      await closed(socket)
      await until(() => running.server.openConnections === 0, 'the connection is closed')
    })

    it(`serveHttp()${name}: closeIdleConnections() closes idle connections`, async () => {
      const { running, http, agent } = await start()
      await ask(running, agent, '/')
      http.closeIdleConnections()
      await until(() => running.server.openConnections === 0, 'the idle connection is closed')
    })

    it(`serveHttp()${name}: a shutdown ends idle connections, and answers the rest with "Connection: close"`, async () => {
      const { running, agent, answer, http } = await start({ keepAliveTimeout: 600_000 })
      const idle = await dialRaw(running.address)
      idle.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
      await once(idle, 'data')
      const requested = once(http, 'request')
      const waiting = ask(running, agent, '/wait')
      await requested
      // Less than jest's limit: if the idle connection stays, its report says so.
      const shutdown = running.server.shutdown({ timeout: 60_000 })
      idle.resume()
      await Promise.race([closed(idle), shutdown])
      answer('at last')
      const { text, response } = await waiting
      expect([text, response.headers.connection]).toEqual(['at last', 'close'])
      expect(await shutdown).toMatchObject({ forced: 0 })
    })

    it(`serveHttp()${name}: a shutdown waits for an answer that pauses for longer than drainIdle`, async () => {
      const { running, answer } = await start({ keepAliveTimeout: 600_000 })
      const paused = await dialRaw(running.address)
      paused.write('GET /pause HTTP/1.1\r\nhost: x\r\n\r\n')
      await once(paused, 'data')
      // It is idle after the paused one has become quiet, and is ended when it has been quiet for drainIdle.
      const idle = await dialRaw(running.address)
      idle.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
      await once(idle, 'data')
      const shutdown = running.server.shutdown({ timeout: 600_000 })
      idle.resume()
      await closed(idle)
      answer('and at last')
      expect(String(await readToEnd(paused))).toMatch(/and at last\r\n0\r\n\r\n$/)
      expect(await shutdown).toMatchObject({ forced: 0 })
    })

    it(`serveHttp()${name}: a client that ends its side after its request gets an answer that takes longer`, async () => {
      const { running, answer, http } = await start()
      // Node's types do not have it.
      Object.assign(http, { httpAllowHalfOpen: true })
      const socket = await dialRaw(running.address, { allowHalfOpen: true })
      const requested = once(http, 'request')
      socket.end('GET /wait HTTP/1.1\r\nhost: x\r\n\r\n')
      await requested
      await until(
        () => running.server.connections().next().value?.stream.readableEnded === true,
        'its end has come',
      )
      answer('at last')
      expect(String(await readToEnd(socket))).toMatch(/at last$/)
    })

    it(`serveHttp()${name}: HTTP/2 at shutdown sends GOAWAY, and completes the answers under way`, async () => {
      const http2 = createHttp2Server((request, response) => void request.pipe(response))
      const running = await serve(serveHttp(http2), { drainIdle: 20, ...options })
      const client = connect(`http://127.0.0.1:${running.address.port}`)
      later(() => client.destroy())
      const request = client.request({ ':method': 'POST' })
      request.write('before ')
      await once(request, 'data')
      const goaway = once(client, 'goaway')
      const shutdown = running.server.shutdown({ timeout: 600_000 })
      await goaway
      request.end('and after')
      expect(String((await once(request, 'data'))[0])).toBe('and after')
      expect(await shutdown).toMatchObject({ forced: 0 })
      expect(running.errors).toEqual([])
    })

    it(`serveHttp()${name}: leaves no timer when no connection is open`, async () => {
      const { running, http } = await start({ connectionsCheckingInterval: 600_000 })
      const socket = await dialRaw(running.address)
      await until(() => running.server.openConnections === 1, 'the connection is open')
      const checks = (): boolean => {
        const symbol = Object.getOwnPropertySymbols(http).find(({ description }) =>
          description?.endsWith('Interval'),
        )
        const timer = (http as unknown as Record<symbol, { _destroyed: boolean } | undefined>)[
          symbol as symbol
        ]
        return timer?._destroyed === false
      }
      expect(checks()).toBe(true)
      socket.end('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
      await readToEnd(socket)
      await running.server.shutdown()
      expect(checks()).toBe(false)
    })
  })
})
