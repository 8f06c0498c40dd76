import type { UnixAddress } from '@sock/core'
import type { StreamListener, StreamListenerSink, StreamPort } from '@sock/core/stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createPortPair } from './memory-port.js'
import { systemError } from './system-error.js'

/** The longest interval in ms. https://nodejs.org/api/timers.html */
const MOST = 2 ** 31 - 1

/** The listeners, by name. A listener returns whether it has queued the peer. */
const knockers = new Map<string, (port: StreamPort) => boolean>()

/** Listens on a name. Like a system, it delivers peers in a later turn of the event loop, never inside a call. */
export function listenMemory(
  address: UnixAddress,
  backlog: number,
  sink: StreamListenerSink,
): StreamListener<UnixAddress> {
  const name = address.path
  if (knockers.has(name)) throw systemError('listen', 'EADDRINUSE', name)
  const waiting: StreamPort[] = []

  const knock = (port: StreamPort): boolean => {
    if (waiting.length >= backlog) return false
    if (waiting.push(port) === 1) setImmediate(accept)
    return true
  }
  const accept = (): void => {
    // One at a time: the handler of the first may close the server, which must not accept the others then.
    for (let port = waiting.shift(); port !== undefined; port = waiting.shift()) sink.accept(port)
  }
  /** Releases the name, unless another server has it by now. */
  const giveUpName = (): void => {
    if (knockers.get(name) === knock) knockers.delete(name)
  }

  knockers.set(name, knock)
  // A listening socket keeps the process alive; this interval does it here.
  const alive = setInterval(() => {}, MOST)
  return {
    address,
    removeName: giveUpName,
    close() {
      clearInterval(alive)
      giveUpName()
      for (const port of waiting.splice(0)) port.reset()
      return Promise.resolve()
    },
    ref: () => void alive.ref(),
    unref: () => void alive.unref(),
  }
}

/** Connects. Rejects with `ECONNREFUSED`, and leaves nothing then. */
export async function dialMemory(address: UnixAddress): Promise<StreamPort> {
  const [ours, theirs] = createPortPair(address)
  if (knockers.get(address.path)?.(theirs) !== true)
    throw systemError('connect', 'ECONNREFUSED', address.path)
  await nextTurn()
  return ours
}
