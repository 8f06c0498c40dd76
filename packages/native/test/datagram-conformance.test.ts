import { it } from '@jest/globals'
import { datagramConformance, registerSuite } from '@sock/testing'
import { connectUdp, createUdpServer } from './support/datagram-sockets.js'
import { describeNative as describe } from './support/needs.js'

// That of Unix datagrams needs names, files and peers that come again: it is run in @sock/unixgram.
const fixture = {
  name: 'conformance of the native engine over udp',
  pauses: true,
  createServer: createUdpServer,
  target: () => '127.0.0.1:0',
  connect: (address: unknown, options?: object) => connectUdp(address as never, options),
}

registerSuite(datagramConformance(fixture), { describe, it })
