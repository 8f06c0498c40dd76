import { it } from '@jest/globals'
import { datagramConformance, registerSuite } from '@sock/testing'
import { connectUdp, createUdpServer } from './support/datagram-sockets.js'
import { describeNative as describe } from './support/needs.js'

// The suite of Unix datagrams runs in @sock/unixgram, since it needs names and files.
const fixture = {
  name: 'conformance of the native engine over udp',
  pauses: true,
  createServer: createUdpServer,
  target: () => '127.0.0.1:0',
  connect: (address: unknown, options?: object) => connectUdp(address as never, options),
}

registerSuite(datagramConformance(fixture), { describe, it })
