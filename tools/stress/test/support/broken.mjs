/*
 * Breaks Node or the world in this process, before anything is played: STRESS_FAULT says how. The library builds on what is
 * broken, so its users see what they would see if the library had the fault.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { openSync } from 'node:fs'
import { Server, Socket } from 'node:net'
import { devNull } from 'node:os'
import { CodecChannel } from '../../../../packages/framing/dist/lib/framed-channel.js'
import { FrameInput, NOTHING } from '../../../../packages/framing/dist/lib/frame-input.js'
import { FrameTimer } from '../../../../packages/framing/dist/lib/frame-timer.js'
import { Means } from '../../dist/world/means.js'

const isOfServer = (socket) => socket.server instanceof Server
const kept = []
let inLast = AsyncLocalStorage.snapshot()
let count = 0
const isOneIn = (many) => (count += 1) % many === 1

const faults = {
  /** The process crashes when this side resets a connection. */
  crash: ofSockets('resetAndDestroy', () => process.kill(process.pid, 'SIGSEGV')),

  /** Servers take a reset for the end of the input. */
  reset: ofSockets('emit', (emit, args, socket) => {
    const isReset = args[0] === 'error' && args[1]?.code === 'ECONNRESET' && isOfServer(socket)
    return isReset ? emit('end') : emit(...args)
  }),

  /** Each connection gets its input in the AsyncLocalStorage of the connection before it. */
  context: ofSockets('emit', (emit, args, socket) => {
    if (args[0] !== 'data' || !isOfServer(socket)) return emit(...args)
    return inLast(() => {
      const result = emit(...args)
      inLast = AsyncLocalStorage.snapshot()
      return result
    })
  }),

  /** Servers send gathered chunks in reverse order. */
  order: ofSockets('_writev', (writev, [chunks, callback], socket) =>
    writev(isOfServer(socket) ? chunks.toReversed() : chunks, callback),
  ),

  /** Servers lose a byte in one of fifty writes. */
  byte: ofSockets('write', (write, [chunk, ...args], socket) =>
    write(isOfServer(socket) && chunk.length > 1 && isOneIn(50) ? chunk.subarray(1) : chunk, ...args),
  ),

  /** A server loses some datagrams. */
  datagram: ofMeans('datagramServer', (create, [transport, handler]) => {
    const data = (...args) => (count < 1_000 && isOneIn(20) ? undefined : handler.data(...args))
    return create(transport, handler.data === undefined ? handler : { data })
  }),

  /** Some connections close without an event. */
  close: toObservers((hear, { state, id }) => (state === 'close' && id % 5 === 0 ? undefined : hear())),
  /** Observers get each event of a connection twice. */
  twice: toObservers((hear) => (hear(), hear())),
  /** One connection is counted twice. */
  count: ofServers('stats', (stats) => ({
    ...stats(),
    accepted: stats().accepted + Math.sign(stats().bytesRead),
  })),
  /** A second shutdown() never settles. */
  settle: ofServers('shutdown', (shutdown, args, { state }) =>
    state === 'draining' ? new Promise(() => {}) : shutdown(...args),
  ),
  /** close() leaves a timer. */
  leak: ofServers('close', (close) => (setTimeout(() => {}, 60_000), close())),
  /** Frames that have arrived wait for the next chunk. */
  'frame-waits': ofFrames('next', (next) => (isOneIn(10) ? NOTHING : next())),
  /** Some frames are given twice. */
  'frame-twice': ofFrames('next', (next, args, channel) => {
    const again = channel.again ?? NOTHING
    const frame = again === NOTHING ? next() : again
    channel.again = again === NOTHING && isOneIn(20) ? frame : NOTHING
    return frame
  }),
  /** After a failure, the rest of a datagram is given with the next one. */
  'frame-rest': ofFrames('stop', (stop, args, { channel }) => ('receive' in channel ? undefined : stop())),
  /** Frames are given after this side has ended its input. */
  'frame-after': ofFrames('inputDropped', () => undefined),
  /** A shutdown and frameTimeout do not see that a part of a frame has arrived. */
  'frame-part': () => Object.defineProperty(FrameInput.prototype, 'partialBytes', { get: () => 0 }),
  /** frameTimeout goes on while a handler works on a whole frame. */
  'frame-timer': ofFrames('next', (next, args, channel) => {
    const { isBusy } = channel
    const frame = next()
    channel.isBusy ||= isBusy
    return frame
  }),
  /** frameTimeout never passes. */
  'frame-endless': () => change(FrameTimer.prototype, 'check', () => Infinity),
  /** After the error of a frame, reads get the end. */
  'frame-null': ofFrames('read', (read, args, channel) => {
    if (channel.hasFailed) return Promise.resolve(null)
    return read(...args).catch((error) => {
      channel.hasFailed = true
      throw error
    })
  }),
  /** A message that the codec refuses rejects without a handler. */
  'frame-refused': ofFrames('write', (write, args) => write(...args).then(() => undefined)),

  /** Some connections leave a file descriptor, or memory, when they close. */
  descriptors: leaving(() => openSync(devNull, 'r')),
  heap: leaving(() => Array.from({ length: 10_000 }, Math.random)),
}

faults[process.env.STRESS_FAULT]()

/** These return a function that replaces a method by `act`, which is called with that method, its arguments and the object. */
function ofSockets(name, act) {
  return () => change(Socket.prototype, name, act)
}

function ofFrames(name, act) {
  return () => change(CodecChannel.prototype, name, act)
}

function ofMeans(name, act) {
  return () => change(Means.prototype, name, act)
}

function ofServers(name, act) {
  return ofMeans('streamServer', (create, args) => {
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

/** The same for observers of connections: `act` is called with the event. */
function toObservers(act) {
  return ofServers('on', (on, [name, callback]) =>
    on(name, name === 'connection' ? (event) => act(() => callback(event), event) : callback),
  )
}

/** Makes some connections leave something. */
function leaving(create) {
  return toObservers((hear, { state, id }) => {
    if (state === 'close' && id % 10 === 0) kept.push(create())
    hear()
  })
}

function change(prototype, name, act) {
  const method = prototype[name]
  prototype[name] = function (...args) {
    return act((...given) => method.apply(this, given), args, this)
  }
}
