/*
 * Breaks something in this process, before it plays: STRESS_FAULT says what. The library stands on what is broken of Node's,
 * so it does to its users what a fault of its own would.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { openSync } from 'node:fs'
import { Server, Socket } from 'node:net'
import { devNull } from 'node:os'
import { Means } from '../../dist/world/means.js'

const isOfServer = (socket) => socket.server instanceof Server

const faults = {
  /** A server that writes while another connection is being reset ends the process. */
  crash() {
    let isResetting = false
    change(Socket.prototype, 'resetAndDestroy', (reset) => {
      isResetting = true
      setImmediate(() => (isResetting = false))
      return reset()
    })
    change(Socket.prototype, 'write', (write, args, socket) => {
      if (isResetting && isOfServer(socket)) process.kill(process.pid, 'SIGSEGV')
      return write(...args)
    })
  },

  /** Servers take a reset for the end of the input. */
  reset() {
    change(Socket.prototype, 'emit', (emit, args, socket) => {
      const isReset = args[0] === 'error' && args[1]?.code === 'ECONNRESET' && isOfServer(socket)
      return isReset ? emit('end') : emit(...args)
    })
  },

  /** Each connection is given its input in the context that the last one has left. */
  context() {
    let inLast = AsyncLocalStorage.snapshot()
    change(Socket.prototype, 'emit', (emit, args, socket) => {
      if (args[0] !== 'data' || !isOfServer(socket)) return emit(...args)
      return inLast(() => {
        const result = emit(...args)
        inLast = AsyncLocalStorage.snapshot()
        return result
      })
    })
  },

  /** Servers send backwards what they have gathered. */
  order() {
    change(Socket.prototype, '_writev', (writev, [chunks, callback], socket) =>
      writev(isOfServer(socket) ? chunks.toReversed() : chunks, callback),
    )
  },

  /** A server loses a byte now and then. */
  byte() {
    let count = 0
    change(Socket.prototype, 'write', (write, [chunk, ...args], socket) => {
      const isLost = isOfServer(socket) && chunk.length > 1 && (count += 1) % 50 === 0
      return write(isLost ? chunk.subarray(1) : chunk, ...args)
    })
  },

  /** A server loses some datagrams. */
  datagram() {
    let count = 0
    change(Means.prototype, 'datagramServer', (create, [transport, handler]) => {
      if (handler.data === undefined) return create(transport, handler)
      const isLost = () => count < 1_000 && (count += 1) % 300 === 1
      return create(transport, { data: (...args) => (isLost() ? undefined : handler.data(...args)) })
    })
  },

  /** Nobody hears that some connections are closed. */
  close: () =>
    replace('on', (on, [name, callback]) =>
      on(name, (...args) => {
        if (args[0].state !== 'close' || args[0].id % 5 > 0) callback(...args)
      }),
    ),

  /** Observers hear twice of each event of a connection. */
  twice: () =>
    replace('on', (on, [name, callback]) =>
      on(name, (...args) => {
        callback(...args)
        if (name === 'connection') callback(...args)
      }),
    ),

  /** Observers hear on after they have unsubscribed. */
  observer: () => replace('on', (on, args) => (on(...args), () => {})),

  /** A connection is counted twice. */
  count: () =>
    replace('stats', (stats) => ({
      ...stats(),
      accepted: stats().accepted + Math.sign(stats().bytesRead),
    })),

  /** A second shutdown() never settles. */
  settle: () =>
    replace('shutdown', (shutdown, args, { state }) =>
      state === 'draining' ? new Promise(() => {}) : shutdown(...args),
    ),

  /** asyncDispose never settles. */
  dispose: () => replace(Symbol.asyncDispose, () => new Promise(() => {})),

  /** Closing leaves a timer. */
  leak: () =>
    replace('close', (close) => {
      setTimeout(() => {}, 60_000)
      return close()
    }),

  /** Some connections leave a file descriptor, or memory. */
  descriptors: () => leave(() => openSync(devNull, 'r')),
  heap: () => leave(() => Array.from({ length: 10_000 }, Math.random)),
}

/** Calls `act` in place of a method, with what calls the method, the arguments, and the object. */
function change(prototype, name, act) {
  const method = prototype[name]
  prototype[name] = function (...args) {
    return act((...given) => method.apply(this, given), args, this)
  }
}

/** The same for a method of stream servers. */
function replace(name, act) {
  change(Means.prototype, 'streamServer', (create, args) => {
    const server = create(...args)
    const method = (...given) => act((...last) => server[name](...last), given, server)
    return new Proxy(server, {
      get(target, wanted) {
        const value = wanted === name ? method : Reflect.get(target, wanted, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  })
}

/** Makes some connections leave something. */
function leave(create) {
  const kept = []
  change(Means.prototype, 'streamServer', (createServer, args) => {
    const server = createServer(...args)
    server.on('connection', ({ state, id }) => {
      if (state === 'close' && id % 10 === 0) kept.push(create())
    })
    return server
  })
}

faults[process.env.STRESS_FAULT]()
