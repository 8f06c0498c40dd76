import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer } from 'node:tls'
import { loadUnixDgram } from '../modules.js'
import type { Session, Workload } from '../workloads/workload.js'
import type { Running, Setup } from './subject.js'

export function startRaw(setup: Setup): Promise<Running> {
  if (setup.transport === 'udp') return startUdp(setup)
  if (setup.transport === 'unixgram') return startUnixgram(setup)
  return startStream(setup)
}

const HOST = '127.0.0.1'

/** The listeners are shared by all connections, so that a connection costs no closure. */
interface Served extends Duplex {
  session?: Session
}

/** What one writes over a stream of Node's, back-pressure included. */
export function serveStream(stream: Served, workload: Workload): void {
  stream.session = workload.open()
  stream.on('data', onData)
  stream.on('drain', onDrain)
  stream.on('error', ignore)
}

function onData(this: Served, chunk: Buffer): void {
  const reply = (this.session as Session).received(chunk)
  if (reply !== undefined && !this.write(reply)) this.pause()
}

function onDrain(this: Served): void {
  this.resume()
}

/** A peer that goes away is no error of the server's; what is missing then shows in the counts. */
function ignore(): void {}

/** The same that `@sock/tcp` sets by default. */
export const TCP_OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }

async function startStream({ transport, path, certificate, workload, isDrained }: Setup): Promise<Running> {
  const server: Server =
    transport === 'tls'
      ? createTlsServer({ ...TCP_OPTIONS, ...certificate })
      : createServer(transport === 'tcp' ? TCP_OPTIONS : {})
  const connections = new Set<Duplex>()
  server.on(transport === 'tls' ? 'secureConnection' : 'connection', (socket: Duplex) => {
    serveStream(socket, workload)
    if (!isDrained) return
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

async function startUdp({ workload }: Setup): Promise<Running> {
  const session = workload.open()
  const socket = createSocket('udp4')
  socket.on('message', (data, { address, port }) => {
    const reply = session.received(data)
    if (reply !== undefined) socket.send(reply, port, address)
  })
  socket.bind(0, HOST)
  await once(socket, 'listening')
  return { place: { host: HOST, port: socket.address().port }, drain: async () => void socket.close() }
}

async function startUnixgram({ path, workload }: Setup): Promise<Running> {
  const session = workload.open()
  const socket = loadUnixDgram().createSocket('unix_dgram', (data, sender) => {
    const reply = session.received(data)
    // A client whose queue is full gets no answer, which it counts as a loss.
    if (reply !== undefined) socket.send(reply, 0, reply.length, sender.path, ignore)
  })
  let failure: Error | undefined
  socket.on('error', (error) => (failure = error))
  socket.bind(path)
  if (failure !== undefined) throw failure
  return { place: { path }, drain: async () => socket.close() }
}
