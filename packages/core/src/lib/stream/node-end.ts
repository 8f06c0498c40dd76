import { readSync } from 'node:fs'
import type { Socket } from 'node:net'

/**
 * Whether the end that Node tells of is one. libuv takes any hang-up that comes with a short read for the peer's FIN, and
 * does not ask whether it was a reset (POLLHUP in `uv__stream_io`, libuv/src/unix/stream.c).
 */

/** The parts of a native handle that can tell. */
interface Handle {
  /** -1 where there is none, as on Windows; the libuv of Windows does not mix the two up. */
  readonly fd?: number
  /** Whether Node wants input of it. */
  readonly reading?: boolean
  /** That of the TCP socket, below the one of a TLS socket. */
  readonly _parent?: Handle
  /** @returns 0, or why it does not start, such as that it reads already */
  readStart(): number
  readStop(): void
  /** @returns 0, or an errno: it has no peer any more */
  getpeername(name: object): number
}

const ONE_BYTE = Buffer.alloc(1)

function handleOf(socket: Socket): Handle | null | undefined {
  return (socket as unknown as { _handle: Handle | null | undefined })._handle
}

/**
 * Asks the system what is behind the end, which costs one system call: nothing after a FIN, even if a RST has followed it;
 * after a RST its error, which the system keeps until it is asked for.
 *
 * @returns what broke the connection; `undefined` if the end is one
 */
export function whatBroke(socket: Socket): Error | undefined {
  const fd = handleOf(socket)?.fd ?? -1
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
