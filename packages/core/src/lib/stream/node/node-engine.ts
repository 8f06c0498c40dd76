import {
  connect,
  createServer,
  type AddressInfo,
  type ListenOptions,
  type NetConnectOpts,
  type Server,
  type Socket,
} from 'node:net'
import { ipAddress, unixAddress, type Address } from '../../address/address.js'
import { createDeferred } from '../../async/deferred.js'
import { lookUp } from '../../address/look-up.js'
import { checkNetwork } from '../../address/network-permission.js'
import { createNodePort, type SocketTraits } from './node-port.js'
import { socketReady } from './socket-ready.js'
import type {
  StreamEndpoint,
  StreamEngine,
  StreamListener,
  StreamListenOptions,
  StreamSocketOptions,
} from '../port.js'

/** The engine over Node's own sockets. */
export const nodeEngine: StreamEngine<Socket> = {
  name: 'node',
  listenStream(endpoint, options, sink, signal) {
    const traits = serverTraits(endpoint)
    const sockets: NodeListenerSink = {
      accept: (socket) => sink.accept(createNodePort(socket, traits)),
      failed: (error) => sink.failed(error),
    }
    return listenNode(endpoint, options, sockets, signal)
  },
  async connectStream(endpoint, options, signal) {
    const socket = await connectNode(endpoint, options, signal)
    return createNodePort(socket, clientTraits(endpoint))
  },
}

/** The receiver of the sockets of {@link listenNode}. */
interface NodeListenerSink {
  /** A peer was accepted. Its socket has no listeners yet. */
  accept(socket: Socket): void
  /** Accepting has failed; the listener continues. */
  failed(error: Error): void
}

/** Listens with `node:net`. Rejects with the system's error or the signal's reason, and leaves nothing then. */
async function listenNode(
  endpoint: StreamEndpoint,
  options: StreamListenOptions,
  sink: NodeListenerSink,
  signal?: AbortSignal,
): Promise<StreamListener> {
  checkNetwork()
  const target = await listenTarget(endpoint, signal)
  const server = createServer({
    allowHalfOpen: true,
    highWaterMark: options.highWaterMark,
    noDelay: options.noDelay ?? false,
    keepAlive: (options.keepAlive ?? 0) > 0,
    keepAliveInitialDelay: options.keepAlive ?? 0,
  })
  const accept = (socket: Socket): void => sink.accept(socket)
  // In a cluster the primary may hand over a peer before Node reports `listening`. Such a peer is served after this
  // server has reported it too; until then its input is not read.
  const hold = (socket: Socket): void => {
    setImmediate(() => (server.listening ? accept(socket) : socket.destroy()))
  }
  const listening = createDeferred()
  server.once('error', listening.reject)
  server.on('connection', hold)
  server.listen({ ...target, backlog: options.backlog }, listening.resolve)
  await listening.promise
  server.off('error', listening.reject)
  server.on('error', (error) => sink.failed(error))
  server.off('connection', hold)
  server.on('connection', accept)
  return createListener(server, endpoint)
}

/** Connects with `node:net`. Rejects with the system's error or the signal's reason, and leaves nothing then. */
async function connectNode(
  endpoint: StreamEndpoint,
  options: StreamSocketOptions,
  signal?: AbortSignal,
): Promise<Socket> {
  signal?.throwIfAborted()
  checkNetwork()
  const socketOptions = {
    allowHalfOpen: true,
    // Node passes this on to the stream, although its types do not include it.
    highWaterMark: options.highWaterMark,
    noDelay: options.noDelay ?? false,
    keepAlive: (options.keepAlive ?? 0) > 0,
    keepAliveInitialDelay: options.keepAlive ?? 0,
  }
  const socket = connect({ ...connectTarget(endpoint), ...socketOptions })
  try {
    await socketReady(socket, 'connect', [signal])
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/** Returns the addresses and abilities of sockets accepted at this endpoint. */
function serverTraits(endpoint: StreamEndpoint): SocketTraits {
  if (endpoint.kind === 'path') {
    const { address } = endpoint
    return { secure: false, canReset: false, localAddress: () => address }
  }
  return ipTraits
}

/** Returns the same for sockets connected to this endpoint. A Unix client itself has no name. */
function clientTraits(endpoint: StreamEndpoint): SocketTraits {
  if (endpoint.kind === 'path') {
    const { address } = endpoint
    return { secure: false, canReset: false, localAddress: () => UNNAMED, remoteAddress: () => address }
  }
  return ipTraits
}

const UNNAMED = unixAddress('')
const ipTraits: SocketTraits = { secure: false, canReset: true }

/** Resolves a host name first: with its own look-up, `net.Server` would begin to listen even after it was closed. */
async function listenTarget(
  endpoint: StreamEndpoint,
  signal: AbortSignal | undefined,
): Promise<ListenOptions> {
  if (endpoint.kind === 'path') return { path: endpoint.path }
  const { host, port, ipv6Only, reusePort } = endpoint
  // `reusePort` is newer than the types of the oldest Node that is supported.
  const options: ListenOptions & { reusePort?: boolean } = { port, ipv6Only: ipv6Only ?? false }
  if (host !== undefined) options.host = (await lookUp(host, signal))[0]
  if (reusePort === true) options.reusePort = true
  return options
}

function connectTarget(endpoint: StreamEndpoint): NetConnectOpts {
  if (endpoint.kind === 'path') return { path: endpoint.path }
  return { host: endpoint.host ?? 'localhost', port: endpoint.port }
}

function createListener(server: Server, endpoint: StreamEndpoint): StreamListener {
  const closed = createDeferred()
  server.once('close', closed.resolve)
  return {
    address: boundAddress(server, endpoint),
    close() {
      server.close()
      return closed.promise
    },
    ref: () => void server.ref(),
    unref: () => void server.unref(),
  }
}

function boundAddress(server: Server, endpoint: StreamEndpoint): Address {
  if (endpoint.kind === 'path') return endpoint.address
  const { address, port } = server.address() as AddressInfo
  return ipAddress(address, port)
}
