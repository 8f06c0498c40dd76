import type { Server, ServerResponse } from 'node:http'
import { wrongType } from '../options/check.js'
import type { Connection, ConnectionStream } from './channel.js'
import type { StreamCallbacks } from './handler.js'

/** What node:http has no public name for: which connections it watches, and how often. */
const START_CHECKS = 'setupConnectionsTracking'
const CHECKS = 'http.server.connectionsCheckingInterval'

/** The part of `http.Server` and `https.Server` that is needed. */
export type HttpServer = Pick<Server, 'emit' | 'on' | 'listeners' | 'listenerCount'>

/**
 * Makes a handler of a `node:http` server that does not listen itself. Its own time-outs work (`headersTimeout`,
 * `requestTimeout`, `keepAliveTimeout`), and so does `closeIdleConnections()`. During a graceful shutdown, answers that have not
 * begun get `Connection: close`, and idle connections are ended.
 *
 * @example
 * const server = createTcpServer(serveHttp(createServer((request, response) => response.end('hello'))))
 *
 * @throws TypeError unless it is a server of node:http or node:https
 */
export function serveHttp(
  http: HttpServer,
): StreamCallbacks & Required<Pick<StreamCallbacks, 'open' | 'close'>> {
  if (typeof (http as Partial<HttpServer> | undefined)?.emit !== 'function') {
    throw wrongType('http', 'a server of node:http', http)
  }
  const answers = new WeakMap<object, ServerResponse>()
  http.on('request', (request, response) => {
    answers.set(request.socket, response)
    const { connection } = request.socket as unknown as Partial<ConnectionStream>
    if (connection?.signal.aborted === true) isLast(response)
  })
  http.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // A listener of the program's own decides instead.
    if (http.listenerCount('clientError') > 1) return
    refuse(socket as unknown as ConnectionStream, answers.get(socket), error.code)
  })
  let open = 0
  return {
    open(connection: Connection) {
      if (open === 0) startChecks(http)
      open += 1
      const { stream, signal } = connection
      signal.addEventListener('abort', () => isLast(answers.get(stream)), { once: true })
      http.emit('connection', stream as never)
    },
    close() {
      open -= 1
      if (open === 0) stopChecks(http)
    },
  }
}

/** What node:http answers to requests that it cannot read; 400 otherwise. */
const REFUSALS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
}

/**
 * Answers as node:http does, and closes in good order. Node destroys the stream with the error; on a connection that is a reset,
 * which may overtake the answer.
 */
function refuse(stream: ConnectionStream, answer: ServerResponse | undefined, code = ''): void {
  const hasBegun = answer?.headersSent === true && !answer.writableFinished
  if (!stream.writable || hasBegun) {
    stream.destroy()
    return
  }
  stream.write(`HTTP/1.1 ${REFUSALS[code] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`)
  stream.destroySoon()
}

/** The connection ends with this answer. Too late once its head is sent: then the connection ends as idle. */
function isLast(response: ServerResponse | undefined): void {
  if (response?.headersSent === false) response.shouldKeepAlive = false
}

/**
 * node:http watches connections from its event `listening` on. The event itself is not emitted: it is not true, and other
 * listeners would hear it.
 */
function startChecks(http: HttpServer): void {
  const start = http.listeners('listening').find(({ name }) => name === START_CHECKS)
  start?.call(http)
}

function stopChecks(http: HttpServer): void {
  const symbol = Object.getOwnPropertySymbols(http).find(({ description }) => description === CHECKS)
  if (symbol !== undefined) clearInterval((http as unknown as Record<symbol, NodeJS.Timeout>)[symbol])
}
