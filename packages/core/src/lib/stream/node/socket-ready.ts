import type { Socket } from 'node:net'
import { createDeferred, ignore } from '../../async/deferred.js'

/**
 * Waits for the event with which a socket that connects becomes usable. Rejects with the socket's error or the reason of a
 * signal; then the caller closes the socket.
 *
 * @internal
 */
export async function socketReady(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  signals: readonly (AbortSignal | undefined)[],
): Promise<void> {
  const ready = createDeferred()
  const closed = (): void => ready.reject(new Error('Socket was closed while it was connecting'))
  const abort = (): void => ready.reject(signals.find((signal) => signal?.aborted)?.reason)
  socket.once(event, ready.resolve)
  socket.once('error', ready.reject)
  socket.once('close', closed)
  for (const signal of signals) {
    signal?.addEventListener('abort', abort, { once: true })
    if (signal?.aborted === true) abort()
  }
  try {
    await ready.promise
  } catch (error) {
    // A later error, such as that of another address, must have a listener.
    socket.on('error', ignore)
    throw error
  } finally {
    socket.off(event, ready.resolve)
    socket.off('error', ready.reject)
    socket.off('close', closed)
    for (const signal of signals) signal?.removeEventListener('abort', abort)
  }
}
