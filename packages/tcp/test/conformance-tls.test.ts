import { describe, it } from '@jest/globals'
import { registerSuite, streamConformance } from '@sock/core/testing'
import { generate } from 'selfsigned'
import { connectTcp, createTcpServer } from '../src/index.js'

const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048 })

registerSuite(
  streamConformance({
    name: 'conformance of tcp with TLS',
    createServer: (handler, options) => createTcpServer(handler, { tls: { cert, key }, ...options }),
    target: () => '127.0.0.1:0',
    connect: (address, options) =>
      connectTcp(address as never, { tls: { ca: cert }, serverName: 'localhost', ...options }),
  }),
  { describe, it },
)
