import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer } from 'node:tls'
import type { Session, Workload } from '../workloads/workload.js'
import type { Running, Setup } from './subject.js'

/** The listeners are shared by all connections, so that a connection costs no closure. */
interface Served extends Duplex {
  session?: Session
}

/** The same that `@sock/tcp` sets by default. */
const TCP_OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }

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

export async function startRawStream(setup: Setup): Promise<Running> {
  const { transport, path, certificate, workload } = setup
  const server: Server =
    transport === 'tls'
      ? createTlsServer({ ...TCP_OPTIONS, ...certificate })
      : createServer(transport === 'tcp' ? TCP_OPTIONS : {})
  const connections = new Set<Duplex>()
  server.on(transport === 'tls' ? 'secureConnection' : 'connection', (socket: Duplex) => {
    serveStream(socket, workload)
    if (setup.isDrained) track(socket, connections)
  })
  server.listen(transport === 'unix' ? { path } : { host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  return {
    place:
      transport === 'unix' ? { path } : { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    async drain() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of connections) socket.end()
      await closed
    },
  }
}

function track(socket: Duplex, connections: Set<Duplex>): void {
  connections.add(socket)
  socket.on('close', () => connections.delete(socket))
}
