/**
 * `node --import over-sock.mjs …`: every `net.Server` of the process, also those of node:http, node:http2, node:https and
 * node:tls, gets its connections from `createTcpServer()` or `createUnixServer()`.
 *
 *   SOCK_SUITE_ENGINE  `node` or `native`
 *   SOCK_SUITE_LOG     a file: gets a line with the number of accepted connections when the process ends
 *
 * The server itself stays what it is: `address()`, `close()`, `listening`, `getConnections()` and `ref()` work through a
 * handle that stands for our server. Left to Node are servers that listen on a descriptor or a handle, and those of a
 * cluster's workers.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import cluster from 'node:cluster'
import { appendFileSync, statSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { serveHttp } from '@sock/core'
import { nodeEngine } from '@sock/core/stream'
import { engine as nativeEngine } from '@sock/native'
import { createTcpServer } from '@sock/tcp'
import { createUnixServer } from '@sock/unix'

const { SOCK_SUITE_ENGINE, SOCK_SUITE_LOG } = process.env
const engine = SOCK_SUITE_ENGINE === 'native' ? nativeEngine : nodeEngine

let accepted = 0
process.on('exit', () => {
  if (SOCK_SUITE_LOG !== undefined && accepted > 0) appendFileSync(SOCK_SUITE_LOG, `${accepted}\n`)
})

const listenOfNode = original(net.Server.prototype, 'listen')
const connectOfNode = original(net.Socket.prototype, 'connect')

/** Where our engine calls `listen()` of Node itself. Connections inherit the store, so it says when that is over. */
const engineCalls = new AsyncLocalStorage()
/** Servers of ours that do not listen yet, by port or path. */
const starting = new Map()

net.Server.prototype.listen = function listen(...args) {
  const [options, callback] = net._normalizeArgs(args)
  if (engineCalls.getStore()?.isListening || this._handle || !isOurs(options)) return listenOfNode(this, args)
  if (callback !== null) this.once('listening', callback)
  if (args.length === 0 || typeof args[0] === 'function') options.port = 0
  else if ('port' in options) options.port ??= 0
  options.signal?.addEventListener('abort', () => this.close(), { once: true })
  const attempt = Symbol('attempt')
  this[ATTEMPT] = attempt
  // Node finds the port, or why it cannot listen, within listen(). A server of its own finds that out here, and leaves.
  const scout = new net.Server()
  scout.on('error', (error) => this.emit('error', error))
  listenOfNode(scout, [{ ...options, signal: undefined }])
  const found = () => {
    const address = scout.address()
    // A file gets the mode that it has with Node.
    const mode = isFile(address) ? statSync(address).mode & 0o777 : undefined
    scout.close()
    if (this[ATTEMPT] === attempt) start(this, options, address, mode)
  }
  if (scout._handle) found()
  else scout.once('listening', found)
  return this
}

/** The latest call of `listen()`: a host name may be looked up for a call that was followed by another. */
const ATTEMPT = Symbol('attempt')

/** A client that connects right after `listen()` waits until our server listens, a few microtasks later. */
net.Socket.prototype.connect = function connect(...args) {
  const [options] = Array.isArray(args[0]) ? args[0] : net._normalizeArgs(args)
  const listening = starting.get(options.path ?? Number(options.port))
  if (listening === undefined) return connectOfNode(this, args)
  this.connecting = true
  void listening.then(() => this.destroyed || connectOfNode(this, args))
  return this
}

/** Returns a method before it is replaced, as a function of the object and the arguments. */
function original(prototype, name) {
  const method = Reflect.get(prototype, name)
  return (self, args) => Reflect.apply(method, self, args)
}

function isOurs(options) {
  const isHandle = options._handle || options.handle || typeof options.getAsyncId === 'function'
  return !cluster.isWorker && options.fd === undefined && !isHandle
}

function isHttp(server) {
  return (server instanceof http.Server || 'updateSettings' in server) && !('addContext' in server)
}

/** Starts a server of ours at the address, and makes it the handle of the server of Node. */
function start(outer, options, address, mode) {
  const isPath = typeof address === 'string'
  let listener
  const watched = {
    ...engine,
    // close() of Node stops listening, and waits for the connections; ours would end them.
    async listenStream(...args) {
      listener = await engine.listenStream(...args)
      return listener
    },
  }
  const { backlog = 511, host, ipv6Only = false } = options
  const server = isPath
    ? createUnixServer(callbacksFor(outer), { engine: watched, backlog })
    : createTcpServer(callbacksFor(outer), { engine: watched, backlog, noDelay: outer.noDelay ?? true })
  // Node does not report what becomes of connections to the server, either.
  server.on('error', () => {})
  const target = isPath
    ? { path: address.replace('\0', '@'), ...(mode === undefined ? {} : { mode }) }
    : { port: address.port, host: host ? address.address : undefined, ipv6Only }
  const call = { isListening: true }
  const listening = engineCalls
    .run(call, () => server.listen(target))
    .finally(() => (call.isListening = false))
  const key = isPath ? address : address.port
  const settled = Promise.allSettled([listening])
  starting.set(key, settled)
  void settled.then(() => starting.delete(key))

  const handle = {
    close() {
      // Ends our server when the last connection is gone, but not one that has been started since.
      outer.once('close', () => void settled.then(() => server.close()))
      if (server.state === 'listening') void listener.close()
      else void settled.then(() => listener?.close())
    },
    getAsyncId: () => 0,
    hasRef: () => true,
    ref: () => void server.ref(),
    unref: () => void server.unref(),
    ...(isPath ? {} : { getsockname: (out) => (Object.assign(out, address), 0) }),
  }
  outer._handle = handle
  if (isPath) outer._pipeName = address
  listening.then(
    () =>
      process.nextTick(() => {
        if (outer._handle === handle) outer.emit('listening')
      }),
    (error) =>
      process.nextTick(() => {
        outer._handle = null
        outer.emit('error', error)
      }),
  )
}

/** An abstract name begins with a NUL byte for Node. */
const isFile = (address) => typeof address === 'string' && !address.startsWith('\0')

/** Our callbacks for a server of Node. It counts its connections itself. */
function callbacksFor(outer) {
  const isServed = isHttp(outer)
  const callbacks = isServed
    ? serveHttp(outer)
    : { open: ({ stream }) => void outer.emit('connection', stream) }
  return {
    ...callbacks,
    open(connection) {
      accepted += 1
      if (typeof outer.maxConnections === 'number' && outer._connections >= outer.maxConnections) {
        connection.destroy()
        outer.emit('drop')
        return
      }
      const { stream } = connection
      outer._connections += 1
      stream.server = outer
      if (!isServed) stream.allowHalfOpen = outer.allowHalfOpen
      stream.once('close', () => {
        outer._connections -= 1
        outer._emitCloseIfDrained()
      })
      try {
        void callbacks.open(connection)
      } catch (error) {
        // A listener of 'connection' that throws ends the process; a callback of ours that throws is reported.
        process.nextTick(() => {
          throw error
        })
      }
    },
  }
}
