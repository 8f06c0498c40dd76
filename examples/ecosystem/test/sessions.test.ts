import { expect, it } from '@jest/globals'
import { serveHttp } from '@sock/core'
import { hasTool } from '@sock/test-support/needs'
import { Program } from '@sock/test-support/programs'
import { later } from '@sock/test-support/resources'
import { until } from '@sock/test-support/wait'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { WebSocket, WebSocketServer } from 'ws'
import { mqttClient } from '../src/clients.js'
import { createGrpc, dialGrpc } from './rows/rpc.js'
import { createSsh, serveMqtt, sshArguments } from './rows/sessions.js'
import { holdClock } from './support/clock.js'
import { grounds, serve, type Ground, type Options, type Running } from './support/grounds.js'
import { startHaproxy } from './support/haproxy.js'

/** A long connection of a program. */
interface Session {
  readonly running: Running
  /** Sends something, and waits until it has come back. */
  readonly move: () => Promise<void>
  /** What the program does when the server drains. */
  readonly goodbye: () => void
  /** Resolves when the client sees the end, and fails if it is none in good order. */
  readonly ended: () => Promise<unknown>
}

interface Kind {
  readonly name: string
  readonly needs?: readonly string[]
  readonly open: (ground: Ground, options: Options) => Promise<Session>
}

const kinds: readonly Kind[] = [
  {
    name: 'a WebSocket through HAProxy',
    needs: ['haproxy'],
    async open(ground, options) {
      const http = createServer()
      const sockets = new WebSocketServer({ server: http })
      sockets.on('connection', (socket) => {
        socket.on('message', (data, binary) => socket.send(data, { binary }))
      })
      const running = await serve(ground, serveHttp(http), options)
      const client = new WebSocket(`ws+unix:${await startHaproxy(running)}:/`)
      later(() => client.terminate())
      await once(client, 'open')
      return {
        running,
        async move() {
          client.send('hello')
          expect(String((await once(client, 'message'))[0])).toBe('hello')
        },
        goodbye: () => sockets.clients.forEach((socket) => socket.close(1001)),
        ended: async () => expect((await once(client, 'close'))[0]).toBe(1001),
      }
    },
  },
  {
    name: 'an HTTP/2 stream',
    async open(ground, options) {
      const http2 = createHttp2Server((request, response) => void request.pipe(response))
      const running = await serve(ground, serveHttp(http2), { ...options, alpn: ['h2'] })
      const { stream } = await running.dial()
      const client = connectHttp2('http://localhost', { createConnection: () => stream })
      const request = client.request({ ':method': 'POST' })
      // The idle time-out resets them.
      for (const emitter of [client, request]) emitter.on('error', () => {})
      const move = async (): Promise<void> => {
        request.write('hello')
        expect(String((await once(request, 'data'))[0])).toBe('hello')
      }
      await move()
      return {
        running,
        move,
        goodbye() {
          // A client that has got GOAWAY asks nothing more, and its request goes on until it has ended it.
          client.once('goaway', () => void move().then(() => request.end()))
        },
        ended: () => once(client, 'close'),
      }
    },
  },
  {
    name: 'a gRPC stream',
    async open(ground, options) {
      const { handler, drain } = createGrpc()
      const running = await serve(ground, handler, { ...options, alpn: ['h2'] })
      const client = dialGrpc(running)
      const stream = client.stream()
      // The idle time-out resets it.
      stream.on('error', () => {})
      const move = async (): Promise<void> => {
        stream.write('hello')
        expect((await once(stream, 'data'))[0]).toBe('hello')
      }
      await move()
      return {
        running,
        move,
        goodbye() {
          drain()
          // The stream goes on until its client ends it.
          void move().then(() => stream.end())
        },
        ended: () => once(stream, 'end'),
      }
    },
  },
  {
    name: 'an SSH session',
    needs: ['ssh', 'socat'],
    async open(ground, options) {
      const { handler, end } = createSsh()
      const running = await serve(ground, handler, options)
      const ssh = new Program('ssh', [...sshArguments(running), 'cat'])
      const move = async (): Promise<void> => {
        ssh.say('hello')
        expect(await ssh.hear()).toBe('hello')
      }
      await move()
      return { running, move, goodbye: end, ended: () => ssh.ended }
    },
  },
  {
    name: 'an MQTT session',
    async open(ground, options) {
      const running = await serveMqtt(ground, options)
      const client = await mqttClient(running.dial)
      later(() => client.end(true))
      await once(client as never, 'connect')
      await client.subscribeAsync('news')
      return {
        running,
        async move() {
          const message = once(client as never, 'message')
          await client.publishAsync('news', 'hello')
          expect(String((await message)[1])).toBe('hello')
        },
        goodbye: () => {},
        ended: () => once(client as never, 'close'),
      }
    },
  },
]

const IDLE = 200

for (const { name, needs = [], open } of kinds) {
  const isThere = needs.every(hasTool)
  for (const ground of grounds) {
    const run = isThere && ground.isAvailable ? it : it.skip

    run(`${name} survives the idle time-out as long as it moves: over ${ground.name}`, async () => {
      const clock = holdClock()
      const { running, move } = await open(ground, { idleTimeout: IDLE })
      for (let round = 0; round < 4; round++) {
        await clock.pass(0.8 * IDLE)
        await move()
      }
      expect(running.server.openConnections).toBe(1)
      // The same time-out ends it when nothing moves.
      await until(() => {
        clock.advance(IDLE / 10)
        return running.server.stats().idleClosed === 1
      }, 'it is closed as idle')
    })

    run(`${name} ends in good order at shutdown: over ${ground.name}`, async () => {
      const { running, move, goodbye, ended } = await open(ground, {})
      await move()
      const end = ended()
      const shutdown = running.server.shutdown({ timeout: 600_000 })
      goodbye()
      expect((await shutdown).forced).toBe(0)
      await end
      expect(running.errors).toEqual([])
    })
  }
}
