import type { UnixAddress } from '@sock/core'
import type { StreamListener, StreamListenerSink, StreamPort } from '@sock/core/stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createPortPair } from './memory-port.js'
import { systemError } from './system-error.js'

/** The longest interval there is, in ms. https://nodejs.org/api/timers.html */
const MOST = 2 ** 31 - 1

/** Where to knock, by name. */
const knockers = new Map<string, (port: StreamPort) => boolean>()

/** Takes the name, and hands over whoever knocks, in the next turn of the event loop: as a system does, and never within a call. */
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
    // One by one: the first may already lead to the end of the server, and then there is nobody to accept the others.
    for (let port = waiting.shift(); port !== undefined; port = waiting.shift()) sink.accept(port)
  }
  /** Another server may have taken the name since. */
  const giveUpName = (): void => {
    if (knockers.get(name) === knock) knockers.delete(name)
  }

  knockers.set(name, knock)
  // A socket that listens keeps the process alive; here nothing else would.
  const alive = setInterval(() => {}, MOST)
  return {
    address,
    removeName: giveUpName,
    async close() {
      clearInterval(alive)
      giveUpName()
      for (const port of waiting.splice(0)) port.reset()
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
