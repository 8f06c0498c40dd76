import { readSync } from 'node:fs'
import type { Socket } from 'node:net'
import { descriptorOf, handleOf } from './node-handle.js'

/**
 * Checks an end of input that Node reports. libuv takes any hang-up together with a short read for the peer's FIN,
 * and does not check whether it was a reset (POLLHUP in `uv__stream_io`, libuv/src/unix/stream.c).
 */

const ONE_BYTE = Buffer.alloc(1)

/**
 * Asks the system what follows the end, with one system call. After a FIN it reads nothing, even if a RST has
 * followed; after a RST it gets the pending error.
 *
 * @returns what broke the connection; `undefined` if the input has really ended
 */
export function failureOf(socket: Socket): Error | undefined {
  const fd = descriptorOf(socket) ?? -1
  // On Windows there is no descriptor; its libuv tells FIN from RST.
  if (fd < 0) return undefined
  try {
    if (readSync(fd, ONE_BYTE) === 0) return undefined
  } catch (error) {
    const { syscall, code } = error as NodeJS.ErrnoException
    // The system knows of no end: `socket.push(null)` was called.
    if (syscall !== 'read' || code === 'EAGAIN') return undefined
    return error as Error
  }
  return cutOff('data follows the reported end of its input')
}

/**
 * Does the same for a TLS socket, at the moment when Node learns of the end. The input is complete if it ended with
 * the peer's `close_notify`, whatever has happened to the TCP connection since.
 */
export function failureOfTls(socket: Socket): Error | undefined {
  const handle = handleOf(socket)
  const below = handle?._parent
  // Only an end of the TCP connection has stopped the reading that Node wants; `close_notify` leaves it on.
  if (below === undefined || handle?.reading !== true || below.readStart() !== 0) return undefined
  below.readStop()
  const error = failureOf(socket)
  if (error !== undefined || socket.writableEnded) return error
  // Node ignores a system error that occurs in a record of its own, such as a session ticket. But before our FIN only
  // a broken connection has no peer.
  return below.getpeername({}) === 0 ? undefined : cutOff('the TCP connection is gone')
}

function cutOff(why: string): Error {
  return Object.assign(new Error(`Connection broke: ${why}`), { code: 'ECONNRESET' })
}
