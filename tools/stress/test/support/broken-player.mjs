/*
 * Plays programs in a process where something is broken: STRESS_FAULT says what. The library stands on what is broken of
 * Node's, so it does to its users what a fault of its own would.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { Server, Socket } from 'node:net'
import { Means } from '../../dist/world/means.js'

const { emit, end, resetAndDestroy, write } = Socket.prototype // oxlint-disable-line typescript/unbound-method -- They are called with a `this`.
const isOfServer = (socket) => socket.server instanceof Server

const faults = {
  /** A server that writes while another connection is being reset ends the process. */
  crash() {
    let reset = false
    Socket.prototype.resetAndDestroy = function (...args) {
      reset = true
      setImmediate(() => (reset = false))
      return resetAndDestroy.apply(this, args)
    }
    Socket.prototype.write = function (...args) {
      if (reset && isOfServer(this)) process.kill(process.pid, 'SIGSEGV')
      return write.apply(this, args)
    }
  },

  /** Servers take a reset for the end of the input. */
  reset() {
    Socket.prototype.emit = function (name, ...args) {
      const isReset = name === 'error' && args[0]?.code === 'ECONNRESET' && isOfServer(this)
      return isReset ? emit.call(this, 'end') : emit.call(this, name, ...args)
    }
  },

  /** Each connection is given its input in the context that the last one has left. */
  context() {
    let inLast = AsyncLocalStorage.snapshot()
    Socket.prototype.emit = function (name, ...args) {
      if (name !== 'data' || !isOfServer(this)) return emit.call(this, name, ...args)
      return inLast(() => {
        const result = emit.call(this, name, ...args)
        inLast = AsyncLocalStorage.snapshot()
        return result
      })
    }
  },

  /** What a server writes first in a turn leaves behind what it writes next. */
  order() {
    const held = new Map()
    const release = (socket) => {
      const act = held.get(socket)
      held.delete(socket)
      act?.()
    }
    Socket.prototype.write = function (...args) {
      const isSecond = held.has(this)
      if (isSecond || !isOfServer(this) || this.destroyed) {
        const result = write.apply(this, args)
        release(this)
        return result
      }
      held.set(this, () => write.apply(this, args))
      setImmediate(release, this)
      return true
    }
    Socket.prototype.end = function (...args) {
      release(this)
      return end.apply(this, args)
    }
  },

  /** Nobody hears that some connections are closed. */
  close() {
    replace((server) => ({
      on: (name, callback) =>
        server.on(name, (...args) => {
          if (args[0].state !== 'close' || args[0].id % 5 > 0) callback(...args)
        }),
    }))
  },

  /** A connection is counted twice. */
  count() {
    replace((server) => ({
      stats: () => ({
        ...server.stats(),
        accepted: server.stats().accepted + Math.sign(server.stats().bytesRead),
      }),
    }))
  },

  /** A second shutdown() never settles. */
  settle() {
    replace((server) => ({
      shutdown: (options) => (server.state === 'draining' ? new Promise(() => {}) : server.shutdown(options)),
    }))
  },

  /** asyncDispose never settles. */
  dispose() {
    replace(() => ({ [Symbol.asyncDispose]: () => new Promise(() => {}) }))
  },

  /** Observers hear on after they have unsubscribed. */
  observer() {
    replace((server) => ({ on: (...args) => (server.on(...args), () => {}) }))
  },

  /** Closing leaves a timer. */
  leak() {
    replace((server) => ({
      close() {
        setTimeout(() => {}, 60_000)
        return server.close()
      },
    }))
  },
}

/** Servers of which some members are others. @param change what is different, of a server */
function replace(change) {
  const { streamServer } = Means.prototype // oxlint-disable-line typescript/unbound-method -- It is called with a `this`.
  Means.prototype.streamServer = function (...args) {
    const server = streamServer.apply(this, args)
    const changed = change(server)
    return new Proxy(server, {
      get(target, name) {
        const value = Reflect.get(name in changed ? changed : target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
}

faults[process.env.STRESS_FAULT]()
await import('../../dist/model/player.js')
