/*
 * Plays programs of the crowd in a process where something of Node's is broken: CROWD_FAULT says what. The library stands
 * on it, so it does to its users what a fault of its own would.
 */
import { AsyncResource } from 'node:async_hooks'
import { Server, Socket } from 'node:net'

const { emit, end, resetAndDestroy, write } = Socket.prototype // oxlint-disable-line typescript/unbound-method -- They are called with a `this`.
const shared = new AsyncResource('shared')
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

  /** All connections are given their input in one context. */
  context() {
    Socket.prototype.emit = function (name, ...args) {
      if (name !== 'data' || !isOfServer(this)) return emit.call(this, name, ...args)
      return shared.runInAsyncScope(() => emit.call(this, name, ...args))
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
}

faults[process.env.CROWD_FAULT]()
await import('../../dist/crowd/player.js')
