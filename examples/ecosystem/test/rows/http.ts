import { expect } from '@jest/globals'
import { serveHttp } from '@sock/core'
import { later } from '@sock/test-support/resources'
import { until } from '@sock/test-support/wait'
import { once } from 'node:events'
import { createServer, request, type Agent, type IncomingMessage, type RequestOptions } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import { httpAgent, undiciClient } from '../../src/clients.js'
import { expressHandler } from '../../src/express.js'
import { fastifyHandler } from '../../src/fastify.js'
import { webSocketHandler } from '../../src/ws.js'
import { serve, type Ground, type Running } from '../support/grounds.js'
import type { Row } from '../support/row.js'

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

function agentOf(running: Running): Agent {
  const agent = httpAgent(running.dial)
  later(() => agent.destroy())
  return agent
}

async function ask(agent: Agent, options: RequestOptions = {}): Promise<Answer> {
  const asked = request({ agent, host: 'localhost', ...options })
  asked.end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return { status: response.statusCode, headers: response.headers, text }
}

/** What programs that look at the socket must see on this ground. */
const seen = ({ isUnix, isSecure }: Ground) => ({
  ...(isUnix ? {} : { ip: '127.0.0.1' }),
  protocol: isSecure ? 'https' : 'http',
})

/** A peer that begins a request, and never ends it. */
async function stall(running: Running, text: string): Promise<string> {
  const { stream } = await running.dial()
  stream.write(text)
  let answer = ''
  for await (const chunk of stream) answer += String(chunk)
  stream.end()
  return answer
}

const SLOW = { headersTimeout: 50, requestTimeout: 100, connectionsCheckingInterval: 20 }

export const httpRows: readonly Row[] = [
  {
    name: 'node:http keeps a connection for the next request, and http.Agent keeps ours',
    async test(ground) {
      const http = createServer(({ url }, response) => response.end(`hello ${url}`))
      const running = await serve(ground, serveHttp(http))
      const agent = agentOf(running)
      for (const path of ['/1', '/2']) expect((await ask(agent, { path })).text).toBe(`hello ${path}`)
      expect(running.server.stats().accepted).toBe(1)
      agent.destroy()
      await until(() => running.server.openConnections === 0, 'the connection is closed')
      expect(running.errors).toEqual([])
    },
  },
  {
    name: 'node:http hands over the stream at an upgrade',
    async test(ground) {
      const http = createServer()
      http.on('upgrade', (_request, socket) => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
        socket.pipe(socket)
      })
      const running = await serve(ground, serveHttp(http))
      const headers = { connection: 'Upgrade', upgrade: 'echo' }
      const asked = request({ agent: agentOf(running), host: 'localhost', headers }).end()
      const [, socket] = (await once(asked, 'upgrade')) as [IncomingMessage, Duplex]
      socket.write('hello')
      expect(String((await once(socket, 'data'))[0])).toBe('hello')
      socket.end()
      await until(() => running.server.openConnections === 0, 'the connection is closed')
      expect(running.errors).toEqual([])
    },
  },
  {
    name: 'Express tells req.ip and req.protocol, and a time-out answers 408',
    async test(ground) {
      const running = await serve(ground, expressHandler())
      const { text } = await ask(agentOf(running))
      expect(JSON.parse(text)).toEqual(seen(ground))
      const strict = await serve(ground, expressHandler(SLOW))
      expect(await stall(strict, 'GET / HTTP/1.1\r\nhost:')).toMatch(/^HTTP\/1.1 408 Request Timeout/)
    },
  },
  {
    name: 'Fastify tells request.ip and request.protocol, and its connectionTimeout ends silence',
    async test(ground) {
      const running = await serve(ground, await fastifyHandler())
      const { text } = await ask(agentOf(running))
      expect(JSON.parse(text)).toEqual(seen(ground))
      const strict = await serve(ground, await fastifyHandler({ connectionTimeout: 50 }))
      expect(await stall(strict, '')).toBe('')
      await until(() => strict.server.openConnections === 0, 'the connection is closed')
    },
  },
  {
    name: 'ws echoes text and a mebibyte, and closes with its code',
    async test(ground) {
      const running = await serve(ground, webSocketHandler())
      const { stream } = await running.dial()
      const socket = new WebSocket('ws://localhost/', { createConnection: () => stream as never })
      later(() => socket.terminate())
      await once(socket, 'open')
      for (const message of ['hello', 'x'.repeat(1024 * 1024)]) {
        socket.send(message)
        expect(String((await once(socket, 'message'))[0])).toBe(message)
      }
      socket.close(1000)
      expect((await once(socket, 'close'))[0]).toBe(1000)
      await until(() => running.server.openConnections === 0, 'the connection is closed')
      expect(running.errors).toEqual([])
    },
  },
  {
    name: 'undici uses one of our connections for many requests',
    async test(ground) {
      const http = createServer((incoming, response) => void incoming.pipe(response))
      const running = await serve(ground, serveHttp(http))
      const client = undiciClient(running.dial)
      later(() => client.destroy())
      for (const body of ['one', 'x'.repeat(1024 * 1024)]) {
        const answer = await client.request({ path: '/', method: 'POST', body })
        expect(await answer.body.text()).toBe(body)
      }
      expect(running.server.stats().accepted).toBe(1)
      await client.close()
      await until(() => running.server.openConnections === 0, 'the connection is closed')
      expect(running.errors).toEqual([])
    },
  },
]
