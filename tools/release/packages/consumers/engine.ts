/* What a user of the native engine writes. It is compiled and never run; each `@ts-expect-error` must be one. */
import type { StreamEngine } from '@sock/core'
import {
  createEngine,
  engine,
  type NativeEngine,
  type NativeEngineOptions,
  type NativeSocket,
  type SocketOptions,
} from '@sock/native'
import { createTcpServer } from '@sock/tcp'
import { connectUdp } from '@sock/udp'
import { connectUnixgram } from '@sock/unixgram'

const options: NativeEngineOptions = { tcpUserTimeout: 1000, credentials: true }
const made: NativeEngine = createEngine(options)
export const either: StreamEngine = engine.available ? engine : made

export const server = createTcpServer(() => {}, {
  engine,
  // It says a socket of Node, which the engine's is not.
  configure(socket: unknown) {
    const native = socket as NativeSocket
    const name: keyof SocketOptions = 'keepAliveIdle'
    const seconds: number = native.getOption(name)
    native.setOption('receiveBuffer', seconds * 2)
    // @ts-expect-error -- there is no such option
    native.setOption('recieveBuffer', 1)
    // @ts-expect-error -- a switch is 1 or 0
    native.setOption('noDelay', true)
  },
})
export const clients = Promise.all([
  connectUdp('127.0.0.1:1', { engine }),
  connectUnixgram('./a.sock', { engine: made }),
])

// @ts-expect-error -- an unknown option
createEngine({ autobid: true })
