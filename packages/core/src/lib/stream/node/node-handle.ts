import type { Socket } from 'node:net'

/** Members of Node's native handles that Node exposes nowhere else. They have existed since its first versions. */
export interface Handle {
  /** -1 if there is none, as on Windows. */
  readonly fd?: number
  readonly writeQueueSize?: number
  /** Whether Node wants input from it. */
  readonly reading?: boolean
  /** The handle of the TCP socket below a TLS socket. */
  readonly _parent?: Handle
  /** @returns 0, or why it does not start, for instance because it is reading already */
  readStart(): number
  readStop(): void
  /** @returns 0, or an errno if there is no peer any more */
  getpeername(name: object): number
}

/** Returns the handle of a socket, unless it is closed. */
export function handleOf(socket: Socket): Handle | undefined {
  return (socket as unknown as { _handle: Handle | null | undefined })._handle ?? undefined
}

/**
 * Returns the TCP socket below a TLS socket; any other socket itself. Node has no public property for it.
 *
 * @internal
 */
export function rawSocket(socket: Socket): Socket {
  return (socket as unknown as { _parent?: Socket | null })._parent ?? socket
}

/** Returns the file descriptor. */
export function descriptorOf(socket: Socket): number | undefined {
  return handleOf(socket)?.fd
}

/** Returns the bytes passed to the handle, including the write in progress, without those queued behind it. */
export function dispatchedBytes(socket: Socket): number {
  return (socket as unknown as { _bytesDispatched: number })._bytesDispatched
}

/**
 * Returns the bytes queued in libuv. The time-out of net.Socket uses the same number (`_onTimeout`), but only of the
 * topmost handle; with TLS that one does not change before the whole write is done.
 */
export function queuedBytes(socket: Socket): number {
  let bytes = 0
  for (let handle = handleOf(socket); handle; handle = handle._parent) bytes += handle.writeQueueSize ?? 0
  return bytes
}
