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
import { createDeferred, ignore } from '../../async/deferred.js'
import { lookUp } from '../../address/look-up.js'
import { createNodePort, type SocketTraits } from './node-port.js'
import type { StreamEngine, StreamEndpoint, StreamListener, StreamSocketOptions } from '../port.js'

/** A listener is drained when no newcomer was seen for this long: one that waits is handed over in each turn of the loop. */
const DRAIN_QUIET = 20
/** As many as this may wait to be accepted where nothing else is said (`backlog` of server.listen() in Node's documentation). */
const DEFAULT_BACKLOG = 511

/** Node's own sockets. */
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

/** Where {@link listenNode} delivers. */
interface NodeListenerSink {
  /** A peer was accepted; its socket has no listeners yet. */
  accept(socket: Socket): void
  /** Something went wrong with accepting; the listener goes on. */
  failed(error: Error): void
}

/** Listens with `node:net`. Rejects with the system's error or the signal's reason, and leaves nothing then. */
async function listenNode(
  endpoint: StreamEndpoint,
  options: StreamSocketOptions,
  sink: NodeListenerSink,
  signal?: AbortSignal,
): Promise<StreamListener> {
  const target = await listenTarget(endpoint, signal)
  const server = createServer({
    allowHalfOpen: true,
    highWaterMark: options.highWaterMark,
    noDelay: options.noDelay ?? false,
    keepAlive: (options.keepAlive ?? 0) > 0,
    keepAliveInitialDelay: options.keepAlive ?? 0,
  })
  const backlog = options.backlog === undefined ? {} : { backlog: options.backlog }
  const accept = (socket: Socket): void => sink.accept(socket)
  // The primary of a cluster may hand over a peer before Node says that we listen. It is served once we have said so too;
  // until then nothing is read of it.
  const hold = (socket: Socket): void => {
    setImmediate(() => (server.listening ? accept(socket) : socket.destroy()))
  }
  const listening = createDeferred()
  server.once('error', listening.reject)
  server.on('connection', hold)
  server.listen({ ...target, ...backlog }, listening.resolve)
  await listening.promise
  server.off('error', listening.reject)
  server.on('error', (error) => sink.failed(error))
  server.off('connection', hold)
  server.on('connection', accept)
  return createListener(server, endpoint, options.backlog ?? DEFAULT_BACKLOG)
}

/** Connects with `node:net`. Rejects with the system's error or the signal's reason, and leaves nothing then. */
async function connectNode(
  endpoint: StreamEndpoint,
  options: StreamSocketOptions,
  signal?: AbortSignal,
): Promise<Socket> {
  signal?.throwIfAborted()
  const socketOptions = {
    allowHalfOpen: true,
    // Node hands this on to the stream, though its types do not say so.
    highWaterMark: options.highWaterMark,
    noDelay: options.noDelay ?? false,
    keepAlive: (options.keepAlive ?? 0) > 0,
    keepAliveInitialDelay: options.keepAlive ?? 0,
  }
  const socket = connect({ ...connectTarget(endpoint), ...socketOptions })
  await settled(socket, 'connect', signal)
  return socket
}

/** Waits for `event` of a socket that is being set up; on error or abort the socket is destroyed. */
export async function settled(socket: Socket, event: string, signal: AbortSignal | undefined): Promise<void> {
  const done = createDeferred()
  const abort = (): void => done.reject(signal?.reason)
  const closed = (): void => done.reject(new Error('Socket closed while connecting'))
  socket.once(event, done.resolve)
  socket.once('error', done.reject)
  socket.once('close', closed)
  signal?.addEventListener('abort', abort, { once: true })
  try {
    await done.promise
  } catch (error) {
    // A late error, as of a further address that was tried, must find somebody.
    socket.on('error', ignore)
    socket.destroy()
    throw error
  } finally {
    socket.off(event, done.resolve)
    socket.off('error', done.reject)
    socket.off('close', closed)
    signal?.removeEventListener('abort', abort)
  }
}

/** How sockets that were accepted at this endpoint are named. */
function serverTraits(endpoint: StreamEndpoint): SocketTraits {
  if (endpoint.kind === 'path') {
    const { address } = endpoint
    return { secure: false, canReset: false, localAddress: () => address }
  }
  return ipTraits
}

/** How sockets that were connected to this endpoint are named; a Unix client itself has no name. */
function clientTraits(endpoint: StreamEndpoint): SocketTraits {
  if (endpoint.kind === 'path') {
    const { address } = endpoint
    return { secure: false, canReset: false, localAddress: () => UNNAMED, remoteAddress: () => address }
  }
  return ipTraits
}

const UNNAMED = unixAddress('')
const ipTraits: SocketTraits = { secure: false, canReset: true }

/** A name is looked up here: `net.Server` would go on to listen after it was closed, once its own look-up ends. */
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

function createListener(server: Server, endpoint: StreamEndpoint, backlog: number): StreamListener {
  const closed = createDeferred()
  server.once('close', closed.resolve)
  let stopWaiting = ignore
  return {
    address: boundAddress(server, endpoint),
    drain() {
      const drained = createDeferred()
      stopWaiting = whenQuiet(server, backlog, () => {
        server.close()
        drained.resolve()
      })
      closed.promise.then(drained.resolve, ignore)
      return drained.promise
    },
    close() {
      stopWaiting()
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

/**
 * Calls back once no newcomer was accepted for {@link DRAIN_QUIET} ms, or so many were that nobody can be left who waited
 * when it began: newcomers may go on coming for ever. There is no limit of time, since on a busy machine one turn of the
 * event loop, which accepts one, may take long. Each look comes after such a turn, so that a loop that was blocked
 * overlooks nobody.
 *
 * @param most how many may have waited; the kernel lets one more in (listen(2), Linux)
 * @returns stops waiting
 */
function whenQuiet(server: Server, most: number, quiet: () => void): () => void {
  let newcomers = 0
  let total = 0
  let immediate: NodeJS.Immediate | undefined
  const count = (): void => {
    newcomers += 1
    total += 1
  }
  const stop = (): void => {
    clearTimeout(timer)
    clearImmediate(immediate)
    server.off('connection', count)
  }
  const look = (): void => {
    if (newcomers > 0 && total <= most) {
      newcomers = 0
      timer.refresh()
      return
    }
    stop()
    quiet()
  }
  const timer = setTimeout(() => (immediate = setImmediate(look)), DRAIN_QUIET)
  server.on('connection', count)
  return stop
}
