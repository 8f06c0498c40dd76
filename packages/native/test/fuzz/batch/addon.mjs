/*
 * Import this before the package: it gives the package the binary in SOCK_NATIVE_BINARY, if that is set, and keeps the engines
 * which the package creates, for calls that the package itself would never make.
 */

const LISTENER = 'listener'
const STREAM = 'stream'
const DATAGRAM = 'datagram'

const OPENS = {
  listenIp: LISTENER,
  listenPath: LISTENER,
  connectIp: STREAM,
  connectPath: STREAM,
  openDatagram: DATAGRAM,
}

/** An engine of this thread, with the kinds of its sources by their slots. */
export const engines = []
let binary

const dlopen = process.dlopen.bind(process)
process.dlopen = (module, path, ...rest) => {
  if (!path.endsWith('sock_native.node')) return dlopen(module, path, ...rest)
  const result = dlopen(module, process.env['SOCK_NATIVE_BINARY'] ?? path, ...rest)
  binary ??= { ...module.exports }
  module.exports.createEngine = () => watched(binary.createEngine())
  return result
}

/** An engine that the package does not know. */
export const bareEngine = () => binary.createEngine()

function watched(addon) {
  const slots = new Map()
  const engine = { addon: { ...addon }, slots }
  engines.push(engine)
  for (const [name, kind] of Object.entries(OPENS)) {
    addon[name] = (...args) => {
      const slot = engine.addon[name](...args)
      if (slot >= 0) slots.set(slot, kind)
      return slot
    }
  }
  addon.close = (slot, ...rest) => {
    slots.delete(slot)
    return engine.addon.close(slot, ...rest)
  }
  addon.start = (dispatch, ...rest) => {
    const memory = engine.addon.start(
      (count) => {
        const events = new Int32Array(memory.shared, 0, EVENT_WIDTH * (count + 1))
        for (let at = EVENT_WIDTH; at < events.length; at += EVENT_WIDTH)
          if (events[at + 1] === kinds.accepted) slots.set(events[at + 2], STREAM)
        dispatch(count)
      },
      ...rest,
    )
    return memory
  }
  return addon
}

const { EVENT_WIDTH, kinds } = await import('../../../dist/lib/numbers.js')
export const { createEngine } = await import('../../../dist/index.js')
