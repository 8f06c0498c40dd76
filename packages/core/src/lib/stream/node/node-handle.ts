import type { Socket } from 'node:net'

/** What Node shows of a native handle nowhere else, though it has been there since its first versions. */
export interface Handle {
  /** -1 where there is none, as on Windows */
  readonly fd?: number
  readonly writeQueueSize?: number
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

/** The handle of a socket, if it is not closed. */
export function handleOf(socket: Socket): Handle | undefined {
  return (socket as unknown as { _handle: Handle | null | undefined })._handle ?? undefined
}

/** The number of the descriptor. */
export function descriptorOf(socket: Socket): number | undefined {
  return handleOf(socket)?.fd
}

/** What has been handed to the handle, or is on its way there in one write; not what queues up behind that write. */
export function dispatchedBytes(socket: Socket): number {
  return (socket as unknown as { _bytesDispatched: number })._bytesDispatched
}

/**
 * What waits in libuv: net.Socket's own time-out looks there too (`_onTimeout`), but only at the topmost handle, which
 * for TLS does not change before the whole write is done.
 */
export function queuedBytes(socket: Socket): number {
  let bytes = 0
  for (let handle = handleOf(socket); handle; handle = handle._parent) bytes += handle.writeQueueSize ?? 0
  return bytes
}
