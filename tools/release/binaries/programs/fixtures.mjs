import { connectTcp, createTcpServer } from '@sock/tcp'
import { connectUdp, createUdpServer } from '@sock/udp'
import { connectUnix, createUnixServer } from '@sock/unix'
import { connectUnixgram, createUnixgramServer } from '@sock/unixgram'
import { join } from 'node:path'

let count = 0

/** Each transport over an engine, as the suites of @sock/testing want it. `folder` is for socket files. */
export function fixtures(engine, folder) {
  const nextPath = () => join(folder, `${++count}.sock`)
  const anyPort = () => '127.0.0.1:0'
  const over = (create, connect, target, more) => ({
    createServer: (handler, options) => create(handler, { engine, ...options }),
    connect: (address, options) => connect(address, { engine, ...options }),
    target,
    ...more,
  })
  return {
    tcp: over(createTcpServer, connectTcp, anyPort, { isStream: true }),
    unix: over(createUnixServer, connectUnix, nextPath, { isStream: true, lacks: ['reset'] }),
    udp: over(createUdpServer, connectUdp, anyPort, { pauses: true }),
    unixgram: over(createUnixgramServer, connectUnixgram, nextPath, { pauses: true }),
  }
}
