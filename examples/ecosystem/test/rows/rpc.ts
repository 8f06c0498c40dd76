import {
  credentials,
  makeClientConstructor,
  Server,
  type Client,
  type ServiceDefinition,
} from '@grpc/grpc-js'
import { expect } from '@jest/globals'
import { runTool } from '@sock/test-support/programs'
import { later } from '@sock/test-support/resources'
import { until } from '@sock/test-support/wait'
import { once } from 'node:events'
import { grpcHandler } from '../../src/grpc.js'
import { http2Handler } from '../../src/http2.js'
import { serve, type Running } from '../support/grounds.js'
import type { Row } from '../support/row.js'

/** What curl needs to reach a server of ours. */
function curlArguments({ ground, path, port, caFile }: Running): string[] {
  const common = ['-sS', '--noproxy', '*', '-m', '60']
  if (ground.isUnix) return [...common, '--http2-prior-knowledge', '--unix-socket', path, 'http://localhost/']
  if (ground.isSecure) return [...common, '--http2', '--cacert', caFile, `https://localhost:${port}/`]
  return [...common, '--http2-prior-knowledge', `http://localhost:${port}/`]
}

const bytes = (value: string): Buffer => Buffer.from(value)
const method = {
  requestSerialize: bytes,
  requestDeserialize: String,
  responseSerialize: bytes,
  responseDeserialize: String,
}

/** What h2load needs to reach a server of ours. */
function h2loadArguments({ ground, path, port }: Running): string[] {
  if (ground.isUnix) return [`--base-uri=unix:${path}`, 'http://localhost/']
  return [`${ground.isSecure ? 'https' : 'http'}://localhost:${port}/`]
}

/** A service without a .proto file: text in, text out. */
const echo = {
  once: { ...method, path: '/Echo/Once', requestStream: false, responseStream: false },
  stream: { ...method, path: '/Echo/Stream', requestStream: true, responseStream: true },
} satisfies ServiceDefinition

export interface EchoClient extends Client {
  once(text: string, callback: (error: Error | null, answer?: string) => void): void
  stream(): NodeJS.ReadWriteStream
}

/** The client of grpc-js, which connects by itself. */
export function dialGrpc({ ground, path, port, certificate }: Running): EchoClient {
  const Constructor = makeClientConstructor(echo, 'Echo')
  const secret = ground.isSecure
    ? credentials.createSsl(Buffer.from(certificate.cert))
    : credentials.createInsecure()
  const client = new Constructor(ground.isUnix ? `unix:${path}` : `localhost:${port}`, secret, {
    'grpc.enable_http_proxy': 0,
  })
  later(() => client.close())
  return client as unknown as EchoClient
}

export function createGrpc(): ReturnType<typeof grpcHandler> {
  const grpc = new Server()
  grpc.addService(echo, {
    once: (
      call: { request: string; getPeer: () => string },
      callback: (error: null, answer: string) => void,
    ) => callback(null, `${call.request}, ${call.getPeer()}`),
    stream: (call: NodeJS.ReadWriteStream) => void call.pipe(call),
  })
  return grpcHandler(grpc)
}

export const rpcRows: readonly Row[] = [
  {
    name: 'node:http2 answers curl, which chooses it by prior knowledge or by ALPN',
    needs: ['curl'],
    async test(ground) {
      const running = await serve(ground, http2Handler(), { alpn: ['h2'] })
      const result = await runTool('curl', [...curlArguments(running), '-w', ' %{http_version}'])
      expect(result).toMatchObject({ stdout: 'hello over HTTP/2.0 2', stderr: '' })
      await until(() => running.server.openConnections === 0, 'the connection is closed')
      expect(running.errors).toEqual([])
    },
  },
  {
    name: 'node:http2 answers 2,000 requests of h2load, up to 40 at once',
    needs: ['h2load'],
    async test(ground) {
      const running = await serve(ground, http2Handler(), { alpn: ['h2'] })
      const load = ['-n', '2000', '-c', '4', '-m', '10', ...h2loadArguments(running)]
      const result = await runTool('h2load', load)
      expect(result.stdout).toMatch(
        /^requests: 2000 total, .* 2000 succeeded, 0 failed, 0 errored, 0 timeout$/m,
      )
      expect(result.stdout).toMatch(/^status codes: 2000 2xx,/m)
      expect(result.code).toBe(0)
      await until(() => running.server.openConnections === 0, 'the connections are closed')
      expect(running.server.stats().accepted).toBe(4)
      expect(running.errors).toEqual([])
    },
  },
  {
    name: 'grpc-js answers calls and streams of its client',
    async test(ground) {
      const running = await serve(ground, createGrpc().handler, { alpn: ['h2'] })
      const client = dialGrpc(running)
      const answer = await new Promise((resolve, reject) =>
        client.once('hello', (error, text) => (error ? reject(error) : resolve(text))),
      )
      // It sees the wrapper of node:http2: see docs/ecosystem.md.
      expect(answer).toBe('hello, unknown')
      const stream = client.stream()
      for (const text of ['one', 'x'.repeat(100_000)]) {
        stream.write(text)
        expect((await once(stream, 'data'))[0]).toBe(text)
      }
      stream.end()
      await once(stream, 'end')
      client.close()
      await until(() => running.server.openConnections === 0, 'the connection is closed')
      expect(running.errors).toEqual([])
    },
  },
]
