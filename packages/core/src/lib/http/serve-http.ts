import type { Server, ServerResponse } from 'node:http'
import type { Http2Server as Server2, ServerHttp2Session } from 'node:http2'
import { wrongType, wrongValue } from '../options/check.js'
import { useInput } from '../channel/input-user.js'
import type { Connection, ConnectionStream } from '../channel/channel.js'
import type { StreamCallbacks } from '../channel/handler.js'

/** Names in node:http that are not public: the function that starts its checks, and the symbol of their interval. */
const START_CHECKS = 'setupConnectionsTracking'
const CHECKS = 'http.server.connectionsCheckingInterval'

/**
 * A response with a member that is not public: whether it is on the wire. `headersSent` is true before that.
 */
type SentResponse = ServerResponse & { readonly _headerSent: boolean }

/** The part of `http.Server` that {@link serveHttp} uses. */
export type HttpServer = Pick<Server, 'emit' | 'on' | 'listeners' | 'listenerCount' | 'listening'>

/** The part of `http2.Http2Server` that {@link serveHttp} uses. */
export type Http2Server = Pick<Server2, 'emit' | 'once' | 'off' | 'updateSettings'>

type HttpCallbacks = ReturnType<typeof serveHttp>

/** What all handlers of one HTTP server share. */
interface Served {
  /** Number of open connections. */
  open: number
  /** The latest response on each connection. */
  readonly responses: WeakMap<object, ServerResponse>
}

const allServed = new WeakMap<HttpServer, Served>()

/**
 * Returns a handler that serves HTTP with a server of `node:http` or `node:http2`, which need not listen itself. Several
 * servers may share one HTTP server.
 *
 * - `node:http`: its time-outs work (`headersTimeout`, `requestTimeout`, `keepAliveTimeout`), and so does
 *   `closeIdleConnections()`. During a graceful shutdown, responses that have not begun get `Connection: close`, and idle
 *   connections end. The shutdown waits for responses, also for one that pauses: end streams of events when `signal` of
 *   their connection aborts. A request that cannot be read is answered with 400, 408, 413 or 431, unless you add a `clientError`
 *   listener; if a part of another response has been sent, the connection is reset.
 * - `node:http2`: during a graceful shutdown, clients get GOAWAY: they send no new requests, and get their answers.
 *
 * For TLS, encrypt with the server that gets the handler: `createSecureServer()` of `node:http2` and `node:https` are
 * refused.
 *
 * @example
 * const server = createTcpServer(serveHttp(createServer((request, response) => response.end('hello'))))
 *
 * @throws TypeError unless it is a server of node:http or node:http2 that does not encrypt
 */
export function serveHttp(
  http: HttpServer | Http2Server,
): StreamCallbacks & Required<Pick<StreamCallbacks, 'open' | 'close'>> {
  refuseOthers(http)
  if (typeof (http as Partial<HttpServer> | undefined)?.emit !== 'function') {
    throw wrongType('http', 'a server of node:http or node:http2', http)
  }
  if ('addContext' in http) {
    throw wrongType(
      'http',
      'a server without TLS, from createServer() of node:http or node:http2 (let createTcpServer() encrypt, with its option "tls")',
      http,
    )
  }
  return 'updateSettings' in http ? serveHttp2(http) : serveHttp1(http)
}

/** Refuses what emits events but would answer nothing: an application, such as that of Express, or another server. */
function refuseOthers(http: unknown): void {
  const { emit } = Object(http) as { readonly emit?: unknown }
  if (typeof emit !== 'function') return
  if (typeof http === 'function') {
    throw wrongValue(
      'Invalid "http": expected a server of node:http or node:http2, got an application. Write serveHttp(createServer(application)), with createServer() of node:http',
    )
  }
  if (!(
    'headersTimeout' in (http as object) ||
    'updateSettings' in (http as object) ||
    'addContext' in (http as object)
  ))
    throw wrongType('http', 'a server of node:http or node:http2', http)
}

function serveHttp2(http2: Http2Server): HttpCallbacks {
  return {
    open(connection) {
      const { stream, signal } = connection
      const sessions: ServerHttp2Session[] = []
      const take = (session: ServerHttp2Session): void => void sessions.push(session)
      http2.once('session', take)
      http2.emit('connection', stream as never)
      http2.off('session', take)
      const [session] = sessions
      // The server has refused the protocol that TLS negotiated, and has answered the client.
      if (session === undefined) return
      // A shutdown waits until the session is closed, also while an answer pauses.
      useInput(connection, { isBusy: true })
      signal.addEventListener('abort', () => session.close(), { once: true })
    },
    close() {},
  }
}

function serveHttp1(http: HttpServer): HttpCallbacks {
  const served = allServed.get(http) ?? watch(http)
  return {
    open(connection: Connection) {
      served.open += 1
      if (served.open === 1) startChecks(http)
      const { stream, signal } = connection
      // As on the sockets of node:http: a client may end its side after its request.
      stream.allowHalfOpen = true
      const { responses } = served
      // A shutdown waits for whole responses, also while they pause.
      useInput(connection, {
        get isBusy() {
          return sending(stream) !== undefined
        },
      })
      // They leave in the order of their requests: the latest one closes last.
      const abort = (): void => {
        const latest = responses.get(stream)
        makeLast(latest?.closed === false ? latest : sending(stream))
      }
      signal.addEventListener('abort', abort, { once: true })
      http.emit('connection', stream as never)
    },
    close() {
      served.open -= 1
      if (served.open === 0) stopChecks(http)
    },
  }
}

/** Adds the listeners, once per HTTP server. */
function watch(http: HttpServer): Served {
  const responses = new WeakMap<object, ServerResponse>()
  http.on('request', (request, response) => {
    responses.set(request.socket, response)
    const { connection } = request.socket as unknown as Partial<ConnectionStream>
    // Undefined if the HTTP server listens, too, and this is a socket of its own.
    if (connection?.signal.aborted === true) makeLast(response)
  })
  http.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // The program has a listener of its own, which decides.
    if (http.listenerCount('clientError') > 1) return
    refuse(socket as unknown as ConnectionStream, error)
  })
  const served = { open: 0, responses }
  allServed.set(http, served)
  return served
}

/** What node:http answers to a request that it cannot read, by error code. The default is 400. */
const REFUSALS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
}

/**
 * Answers like node:http, and then ends the connection in an orderly way. node:http destroys the stream with the
 * error: if the rest of the request has not been read, the system resets the connection, and the reset may overtake
 * the answer.
 */
function refuse(stream: ConnectionStream, error: NodeJS.ErrnoException): void {
  if (!stream.writable || sending(stream)?._headerSent === true) {
    // The peer must not take a part of a response for the whole.
    stream.connection.destroy(error)
    return
  }
  const status = REFUSALS[error.code ?? ''] ?? '400 Bad Request'
  stream.write(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`)
  stream.destroySoon()
}

/**
 * Returns the response that a stream sends now, or will send next; others wait behind it. No public member tells it for
 * all events that have a response: `request`, `checkContinue`, `checkExpectation`. node:http asks the same, and so do other
 * programs, since its first versions.
 */
function sending(stream: ConnectionStream): SentResponse | undefined {
  return (stream as { _httpMessage?: SentResponse | null })._httpMessage ?? undefined
}

/**
 * Ends the connection with this response. If the head has been sent already, it is too late for that: the shutdown
 * ends the connection when it is idle.
 */
function makeLast(response: ServerResponse | undefined): void {
  if (response?.headersSent === false) response.shouldKeepAlive = false
}

/**
 * Starts the checks of time-outs, which node:http starts in a listener of its event `listening`. The event itself
 * must not be emitted: it would not be true, and would reach other listeners.
 */
function startChecks(http: HttpServer): void {
  if (http.listening) return
  const start = http.listeners('listening').find(({ name }) => name === START_CHECKS)
  start?.call(http)
}

function stopChecks(http: HttpServer): void {
  if (http.listening) return
  const symbol = Object.getOwnPropertySymbols(http).find(({ description }) => description === CHECKS)
  if (symbol !== undefined) clearInterval((http as unknown as Record<symbol, NodeJS.Timeout>)[symbol])
}
