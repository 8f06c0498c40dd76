import { readSync } from 'node:fs'
import type { Socket } from 'node:net'
import { descriptorOf, handleOf } from './node-handle.js'

/**
 * Whether the end that Node tells of is one. libuv takes any hang-up that comes with a short read for the peer's FIN, and
 * does not ask whether it was a reset (POLLHUP in `uv__stream_io`, libuv/src/unix/stream.c).
 */

const ONE_BYTE = Buffer.alloc(1)

/**
 * Asks the system what is behind the end, which costs one system call: nothing after a FIN, even if a RST has followed it;
 * after a RST its error, which the system keeps until it is asked for.
 *
 * @returns what broke the connection; `undefined` if the end is one
 */
export function whatBroke(socket: Socket): Error | undefined {
  const fd = descriptorOf(socket) ?? -1
  // As on Windows, whose libuv does not mix the two up.
  if (fd < 0) return undefined
  try {
    if (readSync(fd, ONE_BYTE) === 0) return undefined
  } catch (error) {
    const { syscall, code } = error as NodeJS.ErrnoException
    // An end that the system knows nothing of: somebody has called `socket.push(null)`.
    if (syscall !== 'read' || code === 'EAGAIN') return undefined
    return error as Error
  }
  return cutOff('there is more behind its end')
}

/**
 * The same for a TLS socket, in the moment when Node learns of the end. The input is whole if it ended with the peer's
 * `close_notify`, whatever has become of the TCP connection by now.
 */
export function whatBrokeEncrypted(socket: Socket): Error | undefined {
  const handle = handleOf(socket)
  const below = handle?._parent
  // Only an end of the TCP connection stops the reading of what is wanted; `close_notify` leaves it as it is.
  if (below === undefined || handle?.reading !== true || below.readStart() !== 0) return undefined
  below.readStop()
  const error = whatBroke(socket)
  if (error !== undefined || socket.writableEnded) return error
  // Node swallows the error of the system when it meets it in a record of its own, such as a session ticket. But before
  // our FIN only a connection that broke has no peer.
  return below.getpeername({}) === 0 ? undefined : cutOff('the connection is gone')
}

function cutOff(why: string): Error {
  return Object.assign(new Error(`Input was cut off: ${why}`), { code: 'ECONNRESET' })
}
