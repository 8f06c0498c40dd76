import { describe, it } from '@jest/globals'
import type { StreamHandler, StreamServerOptions } from '@sock/core'
import { anyTransportConformance, registerSuite, streamConformance } from '@sock/testing'
import { generate } from 'selfsigned'
import { connectTcp, createTcpServer } from '../src/index.js'

const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048 })

/** In ms. A handshake may take as long as a busy machine makes it. */
const PATIENT = { handshakeTimeout: 600_000 }

const fixture = {
  createServer: (handler: StreamHandler, options?: StreamServerOptions) =>
    createTcpServer(handler, { tls: { cert, key }, ...PATIENT, ...options }),
  target: () => '127.0.0.1:0',
  hostTarget: (host: string, port: number) => `${host}:${port}`,
  connect: (address: unknown, options?: object) =>
    connectTcp(address as never, { tls: { ca: cert }, serverName: 'localhost', ...PATIENT, ...options }),
}

registerSuite(streamConformance({ ...fixture, name: 'conformance of tcp with TLS' }), { describe, it })
registerSuite(anyTransportConformance({ ...fixture, name: 'any transport: tcp with TLS' }), { describe, it })
