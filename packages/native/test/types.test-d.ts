// Types, checked by `npm run typecheck`: nothing here is run. A line below `@ts-expect-error` must not compile.
import type { DatagramEngine, StreamEngine, StreamServerOptions } from '@sock/core'
import type { Socket } from 'node:net'
import { createEngine, engine, type NativeEngine, type NativeSocket } from '../src/index.js'

export function engines(): void {
  const stream: StreamEngine = engine
  const own: StreamEngine<NativeSocket> = engine
  const datagram: DatagramEngine = engine
  const made: NativeEngine = createEngine({ busyPoll: 50, credentials: true })
  const serverOptions: StreamServerOptions<NativeSocket> = { engine, configure: (socket) => void socket.fd }
  // @ts-expect-error -- its sockets are not Node's
  const node: StreamEngine<Socket> = engine
  // @ts-expect-error -- what it can is not set
  engine.available = true
  // @ts-expect-error -- there is no such option
  createEngine({ busyPol: 50 })
  // @ts-expect-error -- microseconds are a number
  createEngine({ busyPoll: '50' })
  void [stream, own, datagram, made, serverOptions, node]
}

export function sockets(socket: NativeSocket): void {
  const value: number = socket.getOption('keepAliveIdle')
  socket.setOption('noDelay', 1)
  // @ts-expect-error -- there is no such option
  socket.getOption('nodelay')
  // @ts-expect-error -- options are numbers
  socket.setOption('noDelay', true)
  // @ts-expect-error -- the descriptor stays as it is
  socket.fd = value
}
