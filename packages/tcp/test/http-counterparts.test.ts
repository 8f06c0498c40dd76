import { beforeAll, describe, expect, it } from '@jest/globals'
import { serveHttp } from '@sock/core'
import { withTool } from '@sock/test-support/needs'
import { succeed } from '@sock/test-support/programs'
import { later } from '@sock/test-support/resources'
import { until } from '@sock/test-support/wait'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { IpAddress, TcpServerOptions } from '../src/index.js'
import { createCertificates, type Certificates } from './support/certificates.js'
import { dialRaw, readToEnd, serve, type Running } from './support/servers.js'

const MB = 1_000_000
const withCurl = withTool('curl')

let certificates: Certificates
beforeAll(async () => {
  certificates = await createCertificates()
})

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** node:http that never listens: its sockets are the streams of our connections. */
async function servePages(options: TcpServerOptions = {}): Promise<Running> {
  const http = createServer((request, response) => {
    void (async () => {
      const body = await bodyOf(request)
      if (request.method === 'POST') response.end(body)
      else response.end(`hello ${request.url}`)
    })()
  })
  return serve(serveHttp(http), { drainIdle: 50, ...options })
}

/** A folder for curl, that is removed after the test. */
async function folder(files: Record<string, string | Buffer>): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sock-tcp-'))
  later(() => rm(path, { recursive: true }))
  for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), content)
  return path
}

async function curl(address: IpAddress, secure: boolean, ...args: string[]): Promise<string> {
  const tls = secure ? ['--cacert', join(await folder({ 'ca.pem': certificates.ca }), 'ca.pem')] : []
  const base = `${secure ? 'https' : 'http'}://localhost:${address.port}`
  const resolve = ['--resolve', `localhost:${address.port}:${address.host}`]
  const all = args.map((each) => (each.startsWith('/@') ? base + each.slice(2) : each))
  return succeed('curl', ['-sS', '--noproxy', '*', '-m', '10', ...resolve, ...tls, ...all])
}

describe.each([false, true])('node:http over connection.stream, with curl (TLS: %p)', (secure) => {
  const options = (): TcpServerOptions => (secure ? { tls: certificates.server } : {})

  withCurl(
    `curl gets answers of node:http over connection.stream, on one connection (TLS: ${secure})`,
    async () => {
      const { address, server } = await servePages(options())
      expect(await curl(address, secure, '/@/one', '/@/two')).toBe('hello /onehello /two')
      expect(server.stats().accepted).toBe(1)
      await until(() => server.openConnections === 0, 'the connection is closed')
    },
  )

  withCurl(`curl gets 1 MB back from node:http over connection.stream (TLS: ${secure})`, async () => {
    const { address, server } = await servePages(options())
    const content = Buffer.alloc(MB, 'all the letters')
    const path = await folder({ in: content })
    const out = join(path, 'out')
    await curl(address, secure, '--data-binary', `@${join(path, 'in')}`, '-o', out, '/@/')
    expect(await succeed('cmp', [join(path, 'in'), out])).toBe('')
    expect(server.stats().bytesRead).toBeGreaterThan(MB)
    expect(server.stats().bytesWritten).toBeGreaterThan(MB)
  })

  withCurl(
    `ten curls at once get their own answers of node:http over connection.stream (TLS: ${secure})`,
    async () => {
      const { address, server } = await servePages(options())
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) => curl(address, secure, `/@/${index}`)),
      )
      expect(answers).toEqual(answers.map((_, index) => `hello /${index}`))
      expect(server.stats()).toMatchObject({ accepted: 10, handlerErrors: 0 })
    },
  )
})

describe('shutdown', () => {
  it('shutdown() ends an idle keep-alive connection of node:http, and leaves nothing', async () => {
    const { address, server, errors } = await servePages()
    const socket = await dialRaw(address)
    let answer = ''
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
    socket.write('GET /idle HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n')
    await until(() => answer.endsWith('hello /idle'), 'the answer is there')
    expect(await server.shutdown()).toEqual({ idle: 1, drained: 0, forced: 0 })
    expect(errors).toEqual([])
  })

  it('shutdown() waits for an answer of node:http that takes longer than drainIdle', async () => {
    const drainIdle = 20
    let answer: (() => void) | undefined
    const http = createServer((_, response) => (answer = () => void response.end('worth waiting for')))
    later(() => http.close())
    const { address, server } = await serve(
      { open: ({ stream }) => void http.emit('connection', stream) },
      { drainIdle },
    )
    const socket = await dialRaw(address)
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    const body = readToEnd(socket)
    await until(() => answer !== undefined, 'it is asked')
    const stopping = server.shutdown()
    // The connection has been quiet for several times drainIdle when the answer comes.
    await delay(5 * drainIdle)
    answer?.()
    expect(`${await body}`).toMatch(/worth waiting for$/)
    expect((await stopping).forced).toBe(0)
  })
})
