import { createSocket } from 'node:dgram'
import { once, type EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import { createServer, type AddressInfo, type Server } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer } from 'node:tls'
import type { Session, Workload } from '../workload.js'
import type { Running, Setup } from './subject.js'

export function startRaw(setup: Setup): Promise<Running> {
  const { transport, workload } = setup
  if (transport === 'udp') return startUdp(setup)
  if (transport === 'unixgram') return startUnixgram(setup)
  return listenStream(setup, (stream) => serveStream(stream, workload))
}

const HOST = '127.0.0.1'
/** The defaults of `@sock/tcp`. */
const TCP_OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }

/** Listens with Node's own modules. */
export async function listenStream(
  { transport, path, certificate, workload }: Setup,
  serve: (stream: Duplex) => void,
): Promise<Running> {
  const server: Server =
    transport === 'tls'
      ? createTlsServer({ ...TCP_OPTIONS, ...certificate })
      : createServer(transport === 'tcp' ? TCP_OPTIONS : {})
  const connections = new Set<Duplex>()
  server.on(transport === 'tls' ? 'secureConnection' : 'connection', (socket: Duplex) => {
    socket.on('error', ignore)
    serve(socket)
    if (workload.name !== 'drain') return
    connections.add(socket)
    socket.on('close', () => connections.delete(socket))
  })
  server.listen(transport === 'unix' ? { path } : { host: HOST, port: 0 })
  await once(server, 'listening')
  return {
    place: transport === 'unix' ? { path } : { host: HOST, port: (server.address() as AddressInfo).port },
    async drain() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of connections) socket.end()
      await closed
    },
  }
}

/** A peer that disconnects is no error of the server. The counts show missing bytes. */
export function ignore(): void {}

/** All connections share their listeners, so that a connection needs no closure. */
interface Served extends Duplex {
  session?: Session
}

/** Serves a stream of Node in the usual way, with back-pressure. */
export function serveStream(stream: Served, workload: Workload): void {
  stream.session = workload.open()
  stream.on('data', onData)
  stream.on('drain', onDrain)
}

function onData(this: Served, chunk: Buffer): void {
  const reply = (this.session as Session).received(chunk)
  if (reply !== undefined && !this.write(reply)) this.pause()
}

function onDrain(this: Served): void {
  this.resume()
}

async function startUdp({ workload }: Setup): Promise<Running> {
  const session = workload.open()
  const socket = createSocket('udp4')
  socket.on('message', (data, { address, port }) => {
    const reply = session.received(data)
    if (reply !== undefined) socket.send(reply, port, address)
  })
  socket.bind(0, HOST)
  await once(socket, 'listening')
  return { place: { host: HOST, port: socket.address().port } }
}

/** What is used of `unix-dgram`, which has no types. */
interface UnixDgram {
  createSocket(
    type: 'unix_dgram',
    received: (data: Buffer, sender: { path: string }) => void,
  ): EventEmitter & {
    bind(path: string): void
    send(data: Buffer, offset: number, length: number, path: string, done: () => void): void
  }
}

async function startUnixgram({ path, workload }: Setup): Promise<Running> {
  const session = workload.open()
  // The same copy that @sock/unixgram uses.
  const unixDgram = createRequire(import.meta.resolve('@sock/unixgram'))('unix-dgram') as UnixDgram
  const socket = unixDgram.createSocket('unix_dgram', (data, sender) => {
    const reply = session.received(data)
    // If the client's queue is full, the answer is lost, and the client counts that.
    if (reply !== undefined) socket.send(reply, 0, reply.length, sender.path, ignore)
  })
  let failure: Error | undefined
  socket.on('error', (error: Error) => (failure = error))
  socket.bind(path)
  if (failure !== undefined) throw failure
  return { place: { path } }
}
